"""Many experiments: launching through a queue, following, and the local stack."""
