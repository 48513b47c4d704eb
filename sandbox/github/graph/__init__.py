"""GitHub's GraphQL API: our part of its schema, read from the site's state."""
