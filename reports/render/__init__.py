"""The same report as terminal text, Markdown, JSON and HTML."""
