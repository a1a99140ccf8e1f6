"""What a sensor requests: the log days between a table's landed offsets and its topic's end. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta

from podrec_assets.ledger.ledger import Ledger, Offsets


def next_log_day(ledger: Ledger, first_days: dict[int, date], floor: date) -> date | None:
    """The earliest log day of what is not landed yet; None where there is nothing.

    Args:
        ledger: what is landed.
        first_days: by partition, the record date of the first record that is not landed.
        floor: first day that exists.
    """
    reached = {p: s[-1][0] for p, s in ledger.starts.items() if s}
    return min(
        (max(day, floor, reached.get(p, floor)) for p, day in first_days.items()), default=None
    )


@dataclass(frozen=True)
class Plan:
    """A sensor's decision: the days to request and the offsets that make the request unique; no
    days, no request.
    """

    first_day: date | None
    last_day: date | None
    run_key: str
    lag: int
    reason: str


def plan(
    topic: str,
    ledger: Ledger,
    ends: Offsets,
    next_day: date | None,
    today: date,
    latest: date | None,
) -> Plan:
    """What to request so that everything up to `ends` lands.

    Args:
        topic: name, for the run key.
        ledger: what the table has landed.
        ends: end offset of each partition now.
        next_day: log day of the earliest record that is not landed (None: nothing there yet).
        today: the current UTC day.
        latest: the last day that the table has; days without records after it are requested too, to
            be written empty.
    """
    behind = {
        p: (ledger.landed.get(p, ledger.first.get(p, 0)), end) for p, end in sorted(ends.items())
    }
    behind = {p: (start, end) for p, (start, end) in behind.items() if end > start}
    lag = sum(end - start for start, end in behind.values())
    quiet = latest + timedelta(days=1) if latest and latest < today else None
    if not behind or next_day is None or next_day > today:
        if quiet:
            return Plan(
                quiet, today, f"{topic}:day:{today}", lag, f"{topic}: no records since {latest}"
            )
        reason = f"{lag} records wait for {next_day}" if behind else "everything is landed"
        return Plan(None, None, "", lag, f"{topic}: {reason}")
    key = topic + ":" + ",".join(f"p{p}={start}-{end}" for p, (start, end) in behind.items())
    return Plan(
        min(next_day, quiet or next_day), today, key, lag, f"{topic}: {lag} records to land"
    )
