"""The file connector: CSV, workbooks, project plans."""
