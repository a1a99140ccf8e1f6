"""What an offset sensor requests: the log days between landed offsets and the topic's end. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta

from podrec_assets.ledger.ledger import Ledger, Offsets


def next_log_day(
    ledger: Ledger, first_days: dict[int, date | None], floor: date, today: date
) -> date | None:
    """Returns the earliest log day of the records that are not landed; None if there are none.

    Args:
        ledger: what is landed.
        first_days: by partition, the date of the first record that is not landed, if it has one.
        floor: first day that exists.
        today: the current UTC day.
    """
    reached = {p: s[-1][0] for p, s in ledger.starts.items() if s}

    def log_day(partition: int, stamped: date | None) -> date:
        if stamped is None or stamped > today:
            return reached.get(partition, today)
        return max(stamped, floor, reached.get(partition, floor))

    return min((log_day(p, stamped) for p, stamped in first_days.items()), default=None)


@dataclass(frozen=True)
class Plan:
    """What a sensor requests.

    Attributes:
        first_day: first day to request; None requests nothing.
        last_day: last day to request.
        run_key: key that makes the request unique, from its offsets.
        lag: records that are not landed.
        reason: the decision as a sentence.
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
    """Plans the request that lands everything up to `ends`.

    Args:
        topic: name, for the run key.
        ledger: what the table has landed.
        ends: by partition, the current end offset.
        next_day: log day of the earliest record that is not landed; None if there is none, and
            only transaction markers and the like wait.
        today: the current UTC day.
        latest: last day of the table; later days without records are requested too, and written
            empty.
    """
    behind = {p: count for p, count in ledger.behind(ends).items() if count > 0}
    lag = sum(behind.values())
    empty_day = latest + timedelta(days=1) if latest and latest < today else None
    if not behind:
        if empty_day:
            reason = f"{topic}: no records since {latest}"
            return Plan(empty_day, today, f"{topic}:day:{today}", lag, reason)
        return Plan(None, None, "", lag, f"{topic}: everything is landed")
    ranges = ",".join(f"p{p}={ends[p] - count}-{ends[p]}" for p, count in behind.items())
    first_day = min(day for day in (next_day, empty_day, today) if day)
    return Plan(first_day, today, f"{topic}:{ranges}", lag, f"{topic}: {lag} records to land")
