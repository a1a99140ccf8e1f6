"""Late events: days whose score was computed before all of their events had landed. Pure."""

from datetime import date

from podrec_assets.ledger.ledger import Offsets

COMPUTED_FROM = "computed_from_offsets"
"""Metadata key of a daily score: the offsets of user-events landed when it was computed."""
COMPUTED_FROM_TOPIC = "computed_from_topic_id"
"""Metadata key of a daily score: the id of the topic that these offsets are of."""


def outdated(late: dict[date, Offsets], computed: dict[date, Offsets]) -> list[date]:
    """Returns the days, in order, whose score lacks a late event.

    Args:
        late: by event day, the highest offset of a late event in each Kafka partition.
        computed: by event day, the end of the landed offsets when its score was computed; a day
            without a score is absent.
    """
    return [
        day
        for day, offsets in sorted(late.items())
        if day not in computed
        or any(offset >= computed[day].get(p, 0) for p, offset in offsets.items())
    ]


def bounded_ranges(days: list[date], range_count: int, day_count: int) -> list[tuple[date, date]]:
    """Groups days into at most `range_count` ranges of at most `day_count` days, newest first.

    Each range is one run.
    """
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
