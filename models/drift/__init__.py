"""Drift: whether what a model is asked still looks like what it learnt from. Counts are kept, rows are not."""
