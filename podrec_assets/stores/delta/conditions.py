"""SQL conditions on table rows."""

from collections.abc import Iterable
from datetime import date

from podrec_assets.stores.delta.commits import to_ranges


def on_days(days: Iterable[date]) -> str:
    """Condition: the row is on one of the days."""
    return " OR ".join(f"(day >= '{a}' AND day <= '{b}')" for a, b in to_ranges(days)) or "false"


def is_one_of(column: str, values: Iterable[str]) -> str:
    """Condition: the text column is exactly one of the values."""
    listed = ", ".join(text_literal(v) for v in values)
    return f"{column} IN ({listed})" if listed else "false"


def text_literal(value: str) -> str:
    """Quotes any text as an SQL string literal."""
    return "'" + value.replace("'", "''") + "'"
