"""A ClearML-compatible server in one process, on SQLite and local files.

Its only contract: the genuine SDK and the genuine clearml-agent run against it unmodified.
"""
