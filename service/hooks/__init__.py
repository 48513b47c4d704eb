"""Taking webhooks: a listener of its own that verifies, stores and answers, and does nothing else."""
