"""Accounts of landed days: every record is a row, a dead letter, or recorded as lost. Pure."""

from dataclasses import dataclass
from datetime import date

from podrec_assets.ledger.gaps import Places
from podrec_assets.ledger.ledger import Ledger, Offsets


@dataclass(frozen=True)
class Account:
    """One log day of one Kafka partition: its offsets [start, end), and what they are now.

    Attributes:
        gap_count: offsets that hold no record.
    """

    day: date
    partition: int
    start: int
    end: int
    row_count: int
    letter_count: int
    lost_count: int
    gap_count: int = 0

    @property
    def record_count(self) -> int:
        """Records that the log held when they landed, and those lost before."""
        return self.end - self.start - self.gap_count

    @property
    def missing_count(self) -> int:
        """Records without a row, letter or loss; negative if there are too many of these."""
        return self.record_count - self.row_count - self.letter_count - self.lost_count

    def __str__(self) -> str:
        offsets = f"{self.missing_count} of offsets {self.start} to {self.end - 1}"
        return f"{self.day} partition {self.partition}: {offsets}"


def accounts(ledger: Ledger, days: list[date], rows: Places, letters: Places) -> list[Account]:
    """Returns an account for each day and partition with landed offsets, rows or dead letters."""
    ranges = {(day, p): span for day in days for p, span in ledger.ranges(day).items()}
    stray = {place for place in rows.keys() | letters.keys() if place[0] in days}
    result = []
    for day, partition in sorted(ranges.keys() | stray):
        start, end = ranges.get((day, partition), (0, 0))
        lost = sum(_overlap(span, (start, end)) for span in ledger.lost.get(partition, ()))
        place, gaps = (day, partition), ledger.gaps.get(partition, {}).get(day, 0)
        result.append(Account(day, partition, start, end, rows[place], letters[place], lost, gaps))
    return result


def no_longer_held(ledger: Ledger, low: Offsets) -> dict[int, tuple[int, int]]:
    """Returns, by partition, the landed offsets [start, end) that the topic no longer holds."""
    gone = {
        p: (ledger.first.get(p, 0), min(low.get(p, landed), landed))
        for p, landed in ledger.landed.items()
    }
    return {p: (start, end) for p, (start, end) in gone.items() if end > start}


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))
