"""The arms that score candidates, one per file."""
