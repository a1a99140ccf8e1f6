"""Bookkeeping of landed days: every offset is a row, a dead letter or written down as lost, and
where it still lies. Pure.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from podrec_assets.ledger.ledger import Ledger, Offsets

Places = Counter[tuple[date, int]]
"""Number of records by (log day, Kafka partition)."""


@dataclass(frozen=True)
class Account:
    """One log day of one Kafka partition: offsets [start, end) against what became of them."""

    day: date
    partition: int
    start: int
    end: int
    row_count: int
    letter_count: int
    lost_count: int

    @property
    def missing_count(self) -> int:
        """Offsets that nothing accounts for; negative where there are more rows and letters than
        offsets.
        """
        return self.end - self.start - self.row_count - self.letter_count - self.lost_count

    def __str__(self) -> str:
        return f"{self.day} partition {self.partition}: {self.missing_count} of offsets {self.start} to {self.end - 1}"


def accounts(ledger: Ledger, days: list[date], rows: Places, letters: Places) -> list[Account]:
    """One account for each day and partition that has landed offsets, or rows or dead letters
    without any.
    """
    ranges = {(day, p): span for day in days for p, span in ledger.ranges(day).items()}
    stray = {place for place in rows.keys() | letters.keys() if place[0] in days}
    found = []
    for day, partition in sorted(ranges.keys() | stray):
        start, end = ranges.get((day, partition), (0, 0))
        lost = sum(_overlap(span, (start, end)) for span in ledger.lost.get(partition, ()))
        place = (day, partition)
        found.append(Account(day, partition, start, end, rows[place], letters[place], lost))
    return found


def no_longer_held(ledger: Ledger, low: Offsets) -> dict[int, tuple[int, int]]:
    """By partition, the landed offsets [start, end) that the topic no longer holds: they cannot be
    read again.
    """
    gone = {
        p: (ledger.first.get(p, 0), min(low.get(p, landed), landed))
        for p, landed in ledger.landed.items()
    }
    return {p: (start, end) for p, (start, end) in gone.items() if end > start}


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))
