"""The table, its split and its columns."""
