"""A stand-in of Jira Cloud."""
