"""SQL conditions on table rows."""

from collections.abc import Iterable
from datetime import date

from podrec_assets.stores.delta.commits import to_ranges


def on_days(days: Iterable[date], column: str = "day") -> str:
    """Condition: the column is one of the days."""
    ranges = " OR ".join(between(first, last, column) for first, last in to_ranges(days))
    return f"({ranges or 'false'})"


def between(first: date, last: date, column: str = "day") -> str:
    """Condition: the column is a day from first to last, both included."""
    return f"({column} >= '{first}' AND {column} <= '{last}')"


def is_one_of(column: str, values: Iterable[str]) -> str:
    """Condition: the text column is exactly one of the values."""
    listed = ", ".join(text_literal(v) for v in values)
    return f"{column} IN ({listed})" if listed else "false"


def text_literal(value: str) -> str:
    """Quotes any text as an SQL string literal."""
    return "'" + value.replace("'", "''") + "'"
