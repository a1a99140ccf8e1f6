"""Which alerts are new, which are over, and which were told already. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

REMIND_AFTER = timedelta(hours=24)
"""A run that keeps failing the same way is told again after this time."""


@dataclass(frozen=True)
class Alert:
    """One thing to tell.

    Attributes:
        key: what it is about; the same key is the same trouble.
        kind: what is wrong, or that it is over.
        text: one line for a person.
    """

    key: str
    kind: Literal["run_failed", "check_failed", "overdue", "resolved"]
    text: str


@dataclass(frozen=True)
class AlertState:
    """What was told, by key, as ISO times; kept in the sensor's cursor.

    Attributes:
        looked_at: runs that failed up to then were looked at.
        open: troubles that last until they are over.
        runs: failures of runs, which nothing ends.
    """

    looked_at: str
    open: dict[str, str] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)


def decide(
    state: AlertState, lasting: Iterable[Alert], failed_runs: Iterable[Alert], now: datetime
) -> list[Alert]:
    """The alerts to send now: new troubles, what is over, and failures that were not told in the
    last REMIND_AFTER.
    """
    found = {alert.key: alert for alert in lasting}
    new = [alert for key, alert in sorted(found.items()) if key not in state.open]
    over = [Alert(key, "resolved", f"resolved: {key}, open since {since}") for key, since in sorted(state.open.items())
            if key not in found]  # fmt: skip
    first = {alert.key: alert for alert in reversed(list(failed_runs))}
    told = {
        key for key, at in state.runs.items() if now - datetime.fromisoformat(at) < REMIND_AFTER
    }
    return [*new, *over, *(alert for key, alert in sorted(first.items()) if key not in told)]


def after(state: AlertState, sent: Iterable[Alert], now: datetime) -> AlertState:
    """The state once the alerts were sent."""
    open_, runs = (
        dict(state.open),
        {k: at for k, at in state.runs.items() if now - datetime.fromisoformat(at) < REMIND_AFTER},
    )
    for alert in sent:
        if alert.kind == "resolved":
            open_.pop(alert.key, None)
        else:
            (runs if alert.kind == "run_failed" else open_)[alert.key] = now.isoformat()
    return AlertState(now.isoformat(), open_, runs)
