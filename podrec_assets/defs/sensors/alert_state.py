"""Decides which alerts are new, which are resolved and which were already sent. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

REMIND_AFTER = timedelta(hours=24)
"""A run that keeps failing in the same way is reported again after this time."""


@dataclass(frozen=True)
class Alert:
    """One alert.

    Attributes:
        key: what it is about; alerts with the same key are the same problem.
        kind: what is wrong, or "resolved".
        text: one line for a person.
    """

    key: str
    kind: Literal["run_failed", "check_failed", "overdue", "resolved"]
    text: str


@dataclass(frozen=True)
class AlertState:
    """What was sent and when, as ISO times by key. The sensor keeps it in its cursor.

    Attributes:
        looked_at: runs that failed before this time have been handled.
        open: failed checks and overdue assets that are not resolved yet.
        runs: failed runs of the last REMIND_AFTER; they are never resolved.
    """

    looked_at: str
    open: dict[str, str] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)


def decide(
    state: AlertState, lasting: Iterable[Alert], failed_runs: Iterable[Alert], now: datetime
) -> list[Alert]:
    """The alerts to send now.

    Args:
        state: what was sent before.
        lasting: every check that fails now and every asset that is overdue now.
        failed_runs: recent failed runs, the latest first.
        now: the time of this tick.

    Returns:
        New problems, then resolved ones, then failed runs that were not sent in the last
        REMIND_AFTER.
    """
    current = {alert.key: alert for alert in lasting}
    new = [alert for key, alert in sorted(current.items()) if key not in state.open]
    resolved = [
        Alert(key, "resolved", f"resolved: {key}, open since {since}")
        for key, since in sorted(state.open.items())
        if key not in current
    ]
    first_of_run = {alert.key: alert for alert in reversed(list(failed_runs))}
    recent = _recent(state.runs, now)
    failed = [alert for key, alert in sorted(first_of_run.items()) if key not in recent]
    return [*new, *resolved, *failed]


def after(state: AlertState, sent: Iterable[Alert], now: datetime) -> AlertState:
    """The state after these alerts were sent."""
    open_, runs = dict(state.open), _recent(state.runs, now)
    for alert in sent:
        if alert.kind == "resolved":
            open_.pop(alert.key, None)
        else:
            (runs if alert.kind == "run_failed" else open_)[alert.key] = now.isoformat()
    return AlertState(now.isoformat(), open_, runs)


def _recent(runs: dict[str, str], now: datetime) -> dict[str, str]:
    return {k: at for k, at in runs.items() if now - datetime.fromisoformat(at) < REMIND_AFTER}
