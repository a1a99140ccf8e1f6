"""Ranking: from scored candidates to validated, explained lists."""
