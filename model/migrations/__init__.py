"""Schema revisions, applied by crosstie db upgrade."""
