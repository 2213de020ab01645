"""One experiment: from a table to a tracked Pareto front and a fitted pipeline."""
