"""The evolution of pipelines: space, variation, evaluation, pool and budget. Knows nothing of ClearML."""
