"""What a person may set: typed settings, sample tables, and the one error that a person can cause."""
