"""Late events: which days of the daily score were computed before all of their events had landed.
Pure.
"""

from datetime import date

from podrec_assets.ledger.ledger import Offsets

COMPUTED_FROM = "computed_from_offsets"
"""Metadata key of a daily score: the offsets of user-events that were landed when it was computed.
"""


def outdated(late: dict[date, Offsets], computed: dict[date, Offsets]) -> list[date]:
    """Days, in order, that have a late event which was not landed when their score was computed.

    Args:
        late: by event day, the highest offset of a late event in each Kafka partition.
        computed: by event day, the landed offsets (exclusive) that its score was computed from;
            absent: never computed.
    """
    return [
        day
        for day, offsets in sorted(late.items())
        if day not in computed
        or any(offset >= computed[day].get(p, 0) for p, offset in offsets.items())
    ]


def bounded_ranges(days: list[date], range_count: int, day_count: int) -> list[tuple[date, date]]:
    """At most so many ranges of consecutive days, each at most so long, newest first: one run each."""
    ranges: list[tuple[date, date]] = []
    for day in reversed(days):
        first, last = ranges[-1] if ranges else (date.max, date.max)
        if (first - day).days == 1 and (last - day).days < day_count:
            ranges[-1] = (day, last)
        elif len(ranges) < range_count:
            ranges.append((day, day))
        else:
            break
    return ranges
