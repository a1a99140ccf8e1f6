"""Dates of record timestamps; brokers take any 64-bit number as one. Pure."""

from datetime import UTC, date, datetime

LAST_MS = 253_402_300_799_999
"""The last millisecond of the year 9999, in milliseconds since 1970."""


def usable_ms(timestamp_ms: int) -> int:
    """Returns a record's timestamp, or -1 if it is before 1970 or after the year 9999."""
    return timestamp_ms if 0 <= timestamp_ms <= LAST_MS else -1


def date_of(timestamp_ms: int) -> date | None:
    """Returns the UTC date of a usable timestamp; None for -1."""
    return datetime.fromtimestamp(timestamp_ms / 1000, UTC).date() if timestamp_ms >= 0 else None
