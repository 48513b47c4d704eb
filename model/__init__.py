"""The project's words as values and tables, and the store that keeps them."""
