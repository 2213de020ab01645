"""The gate of the registry: which model of a name is the champion, and why."""
