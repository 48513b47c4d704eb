"""Pure functions from a View of the store to typed results, and their renderers."""
