"""Data folders backed up and restored, and tasks, models and files taken from one server to another."""
