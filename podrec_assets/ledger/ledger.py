"""Log days and landing plans: which Kafka offsets belong to which day, and what is still to land.
Pure.

The log day of a record is the latest UTC date that its partition's log has reached up to and
including it. That equals "from the first record stamped at or after midnight", so a broker's
`offsets_for_times` and the records themselves give the same boundaries, and a boundary once set
never moves.
"""

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from datetime import date

from podrec_assets.day_windows import days_between
from podrec_assets.errors import DataLossError

Offsets = dict[int, int]
"""Kafka partition -> offset."""


@dataclass(frozen=True)
class Ledger:
    """What a table has landed from its topic; travels in every commit of the table.

    Attributes:
        landed: next offset to land, by partition; all before it is a row or a dead letter.
        first: offset at which landing began, by partition (0, or what retention had left).
        starts: by partition, (day, first offset of that day) for each day that has begun, in order.
        topic_id: id of the topic as the broker gave it, to recognise a topic that was created anew.
        lost: by partition, offsets [start, end) that retention removed before they landed, and
            somebody accepted as lost.
        forgotten: by hash of a listener's id, the landed offsets up to which that listener's
            records are forgotten.
    """

    landed: Offsets = field(default_factory=dict)
    first: Offsets = field(default_factory=dict)
    starts: dict[int, tuple[tuple[date, int], ...]] = field(default_factory=dict)
    topic_id: str = ""
    lost: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    forgotten: dict[str, Offsets] = field(default_factory=dict)

    def day_of(self, partition: int, offset: int) -> date:
        """The log day of a landed offset. Raises KeyError for an offset before the first known day."""
        starts = self.starts.get(partition, ())
        at = bisect_right([first for _, first in starts], offset) - 1
        if at < 0:
            raise KeyError(
                f"offset {offset} of partition {partition} lies before the first landed day"
            )
        return starts[at][0]

    def ranges(self, day: date) -> dict[int, tuple[int, int]]:
        """The landed offsets [start, end) of a log day by partition; partitions without any are
        absent.
        """
        found = {}
        for partition, starts in self.starts.items():
            for index, (start_day, first) in enumerate(starts):
                if start_day == day:
                    end = (
                        starts[index + 1][1] if index + 1 < len(starts) else self.landed[partition]
                    )
                    if end > first:
                        found[partition] = (first, end)
        return found

    def days(self) -> list[date]:
        """Days from the first to the last that any partition's log has reached, gaps included."""
        reached = [day for starts in self.starts.values() for day, _ in starts]
        return days_between(min(reached), max(reached)) if reached else []

    def behind(self, ends: Offsets) -> Offsets:
        """By partition, the records before its end that are not landed yet."""
        return {
            p: end - self.landed.get(p, self.first.get(p, 0)) for p, end in sorted(ends.items())
        }

    def to_json(self) -> dict:
        """As plain JSON values."""
        return {
            "landed": {str(p): o for p, o in sorted(self.landed.items())},
            "first": {str(p): o for p, o in sorted(self.first.items())},
            "starts": {
                str(p): [[d.isoformat(), o] for d, o in s] for p, s in sorted(self.starts.items())
            },
            "topic_id": self.topic_id,
            "lost": {
                str(p): [list(span) for span in spans] for p, spans in sorted(self.lost.items())
            },
            "forgotten": {
                user: {str(p): o for p, o in sorted(ends.items())}
                for user, ends in sorted(self.forgotten.items())
            },
        }

    @classmethod
    def from_json(cls, value: dict | None) -> "Ledger":
        """The ledger that `to_json` wrote; an empty one for None."""
        if not value:
            return cls()
        return cls(
            landed={int(p): o for p, o in value["landed"].items()},
            first={int(p): o for p, o in value["first"].items()},
            starts={
                int(p): tuple((date.fromisoformat(d), o) for d, o in s)
                for p, s in value["starts"].items()
            },
            topic_id=value.get("topic_id", ""),
            lost={
                int(p): tuple((a, b) for a, b in spans)
                for p, spans in value.get("lost", {}).items()
            },
            forgotten={
                user: {int(p): o for p, o in ends.items()}
                for user, ends in value.get("forgotten", {}).items()
            },
        )


def advance(
    ledger: Ledger, ends: Offsets, earliest: dict[int, dict[date, int]], floor: date, ceiling: date
) -> Ledger:
    """The ledger after the records [landed, ends) were read.

    Args:
        ledger: before the read.
        ends: next offset after the read, by partition.
        earliest: by partition, for each record date among the new records, the lowest offset that
            bears it.
        floor: first day that exists; earlier stamps land there.
        ceiling: today. A partition whose log already reaches past it is landed only up to there, so
            a record that a producer's clock put into tomorrow waits until its day exists.
    """
    starts, landed = dict(ledger.starts), dict(ledger.landed)
    for partition, end in ends.items():
        reached = starts.get(partition, ())
        last = reached[-1][0] if reached else None
        begins = []
        for day, offset in _running_maximum(earliest.get(partition, {}), floor):
            if last is None or day > last:
                begins.append((day, offset))
        due = tuple(b for b in begins if b[0] <= ceiling)
        waiting = [offset for day, offset in begins if day > ceiling]
        starts[partition] = reached + due
        landed[partition] = min([end, *waiting])
    first = {
        **{p: ledger.landed.get(p, _lowest(earliest.get(p, {}), ends[p])) for p in ends},
        **ledger.first,
    }
    return replace(
        ledger, landed=landed, first=first, starts={p: s for p, s in starts.items() if s}
    )


def begin(ledger: Ledger, low: Offsets, topic_id: str) -> Ledger:
    """The ledger with a place to begin for every partition that the topic has now: its lowest
    offset if it is new.
    """
    landed = {p: ledger.landed.get(p, first) for p, first in low.items()}
    return replace(ledger, landed=landed, first={**landed, **ledger.first}, topic_id=topic_id)


def accept_loss(ledger: Ledger, low: Offsets) -> Ledger:
    """The ledger that goes on where the topic now begins; what lies between was lost and is written
    down as lost.
    """
    gone = {p: (landed, low[p]) for p, landed in ledger.landed.items() if landed < low.get(p, 0)}
    lost = {**ledger.lost, **{p: (*ledger.lost.get(p, ()), span) for p, span in gone.items()}}
    return replace(
        ledger, landed={**ledger.landed, **{p: end for p, (_, end) in gone.items()}}, lost=lost
    )


def union(ledger: Ledger, days: list[date]) -> dict[int, tuple[int, int]]:
    """For each partition one span [start, end) of landed offsets that covers all the days and what
    lies between them.
    """
    spans: dict[int, tuple[int, int]] = {}
    for day in days:
        for partition, (start, end) in ledger.ranges(day).items():
            low, high = spans.get(partition, (start, end))
            spans[partition] = (min(low, start), max(high, end))
    return spans


def _lowest(offsets: dict[date, int], default: int) -> int:
    return min(offsets.values(), default=default)


def _running_maximum(earliest: dict[date, int], floor: date) -> list[tuple[date, int]]:
    """Day starts in order: each date that lies above every date before it in the log, at the offset
    it came first.
    """
    by_offset = sorted((offset, max(day, floor)) for day, offset in earliest.items())
    begins: list[tuple[date, int]] = []
    for offset, day in by_offset:
        if not begins or day > begins[-1][0]:
            begins.append((day, offset))
    return begins


def check_continuity(
    topic: str, ledger: Ledger, low: Offsets, ends: Offsets, topic_id: str
) -> None:
    """Raises DataLossError when the topic cannot continue where the ledger ends: anew, shortened,
    or cut by retention.
    """
    if ledger.topic_id and topic_id and ledger.topic_id != topic_id:
        raise DataLossError(
            f"{topic} was created anew since it was last landed; move its table away or point to the old topic."
        )
    for partition, landed in sorted(ledger.landed.items()):
        if landed > ends.get(partition, 0):
            raise DataLossError(
                f"{topic} partition {partition} ends at {ends.get(partition, 0)}, but {landed} offsets are landed."
            )
        if landed < low[partition]:
            raise DataLossError(
                f"{topic} partition {partition} lost offsets {landed} to {low[partition] - 1} before they landed; "
                "`podrec accept-loss` writes them down as lost and goes on."
            )


def check_available(topic: str, spans: dict[int, tuple[int, int]], low: Offsets) -> None:
    """Raises DataLossError when retention removed a part of the spans."""
    for partition, (start, _) in sorted(spans.items()):
        if start < low[partition]:
            raise DataLossError(
                f"{topic} partition {partition} no longer holds offsets {start} to {low[partition] - 1}."
            )
