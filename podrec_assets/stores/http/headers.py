"""Header fields of an answer that mean more than their text."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse

MODIFIED_AGE = timedelta(seconds=2)
"""Time that must lie between Last-Modified and Date: a change within the same second would keep the
first (RFC 9110, 8.8.2.2).
"""


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks to wait: a number of seconds or a date; None for
    neither.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    at = _time(text)
    return max((at - now).total_seconds(), 0.0) if at else None


def last_modified(response: HTTPResponse) -> str | None:
    """The Last-Modified header if it can tell that nothing changed since."""
    header = response.getheader("Last-Modified")
    modified, sent = _time(header), _time(response.getheader("Date"))
    return None if modified and sent and sent - modified < MODIFIED_AGE else header


def _time(header: str | None) -> datetime | None:
    try:
        at = parsedate_to_datetime(header or "")
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None
