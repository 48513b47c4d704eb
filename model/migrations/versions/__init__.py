"""One module a revision, oldest first by their down_revision."""
