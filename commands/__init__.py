"""What `cli.py` offers, a group a file."""
