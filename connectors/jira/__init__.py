"""The Jira connector."""
