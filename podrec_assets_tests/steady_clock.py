"""The machine's clock for tests that share it with a broker, a command or a browser."""

import time
from datetime import UTC, date, datetime, timedelta

MARGIN = timedelta(minutes=3)
"""Longer than a test that compares days with the machine's clock."""


def steady_today() -> date:
    """Returns the UTC day, which lasts for at least MARGIN: it first waits for midnight if near."""
    now = datetime.now(UTC)
    if (now + MARGIN).date() > now.date():
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        time.sleep((midnight - now).total_seconds() + 1)
    return datetime.now(UTC).date()
