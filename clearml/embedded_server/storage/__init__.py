"""What outlives the process: one SQLite file and uploaded files. It knows documents and events, not services."""
