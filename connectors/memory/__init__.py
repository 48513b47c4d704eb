"""A connector over values in memory, for tests and for authors to read."""
