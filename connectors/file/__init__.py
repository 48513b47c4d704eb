"""The CSV file connector."""
