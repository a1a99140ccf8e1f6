"""Response headers whose text needs interpretation."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse

MODIFIED_AGE = timedelta(seconds=2)
"""Least time between Last-Modified and Date.

A second change within the same second would keep the header (RFC 9110, 8.8.2.2).
"""


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Returns the seconds that a Retry-After header (number or date) asks to wait, or None."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    at = _time(text)
    return max((at - now).total_seconds(), 0.0) if at else None


def last_modified(response: HTTPResponse) -> str | None:
    """Returns the Last-Modified header if it is safe to use as a validator."""
    header = response.getheader("Last-Modified")
    modified, sent = _time(header), _time(response.getheader("Date"))
    return None if modified and sent and sent - modified < MODIFIED_AGE else header


def _time(header: str | None) -> datetime | None:
    try:
        at = parsedate_to_datetime(header or "")
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None
