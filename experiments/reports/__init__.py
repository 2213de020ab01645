"""What a person sees of an experiment: tracked scalars and plots, terminal, leaderboard, code."""
