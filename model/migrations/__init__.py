"""Schema revisions, oldest first; `crosstie db upgrade` applies what a store lacks."""

REVISIONS = ("0001", "0002", "0003")
"""Every revision this program knows; the last one is the schema it reads and writes."""
