"""Landed offsets that hold no record: transaction markers, aborted and compacted records. Pure."""

from collections import Counter
from dataclasses import replace
from datetime import date

from podrec_assets.ledger.ledger import Ledger

Places = Counter[tuple[date, int]]
"""Number of records by (log day, Kafka partition)."""


def count_gaps(since: Ledger, ledger: Ledger, records: Places) -> Ledger:
    """Returns `ledger` with the offsets that landed after `since` and hold none of the records.

    Args:
        since: ledger before the landing.
        ledger: ledger after it.
        records: number of the records that landed.
    """
    gaps = {partition: dict(days) for partition, days in ledger.gaps.items()}
    for (day, partition), count in new_offsets(since, ledger).items():
        if missing := count - records[day, partition]:
            of_days = gaps.setdefault(partition, {})
            of_days[day] = of_days.get(day, 0) + missing
    return replace(ledger, gaps=gaps)


def new_offsets(since: Ledger, ledger: Ledger) -> Places:
    """Returns the number of offsets that landed between two ledgers, with and without a record."""
    counts: Places = Counter()
    for partition, starts in ledger.starts.items():
        before, landed = since.landed.get(partition, 0), ledger.landed[partition]
        ends = [*(first for _, first in starts[1:]), landed]
        for (day, start), end in zip(starts, ends, strict=True):
            counts[day, partition] += max(0, end - max(start, before))
    return counts
