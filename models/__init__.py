"""What an experiment leaves behind: the model registry and the published files."""
