"""The offset ledger: which Kafka offsets a table has landed, and on which log days. Pure.

The log day of a record is the latest UTC date among the timestamps of its partition up to and
including it. A day therefore starts at the first record stamped at or after midnight, as the
broker's `offsets_for_times` also finds it. A timestamp that is absent, outside of the calendar or
after the day of the landing counts as none. A boundary never moves once it is set.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from podrec_assets.day_windows import days_between

Offsets = dict[int, int]
"""Kafka partition -> offset."""
Value = TypeVar("Value")


def json_by_partition(values: Mapping[int, Value]) -> dict[str, Value]:
    """Returns values by Kafka partition as JSON has them: keys as text, in numeric order."""
    return {str(partition): value for partition, value in sorted(values.items())}


@dataclass(frozen=True)
class Ledger:
    """What a table has landed from its topic; every commit of the table carries it.

    Attributes:
        landed: by partition, the next offset to land; each one before it is a row or a dead letter.
        first: by partition, the offset at which landing began: 0, or the lowest that was retained.
        starts: by partition, (day, first offset of that day) for each day reached, in order.
        topic_id: the broker's id of the topic, which changes when the topic is recreated.
        lost: by partition, the offsets [start, end) that retention removed before they landed and
            that were accepted as lost.
        forgotten: by hash of a listener's id, the landed offsets before which the listener's
            records are forgotten.
        gaps: by partition and log day, the number of landed offsets that hold no record:
            transaction markers, aborted records, and what compaction removed.
        has_unmarked_letters: dead letters whose key lacks the topic's id may be of this topic,
            because podrec began to land it when keys had none.
    """

    landed: Offsets = field(default_factory=dict)
    first: Offsets = field(default_factory=dict)
    starts: dict[int, tuple[tuple[date, int], ...]] = field(default_factory=dict)
    topic_id: str = ""
    lost: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    forgotten: dict[str, Offsets] = field(default_factory=dict)
    gaps: dict[int, dict[date, int]] = field(default_factory=dict)
    has_unmarked_letters: bool = False

    def day_of(self, partition: int, offset: int) -> date:
        """Returns the log day of a landed offset.

        Raises:
            KeyError: the offset is before the first landed day.
        """
        starts = self.starts.get(partition, ())
        index = bisect_right([first for _, first in starts], offset) - 1
        if index < 0:
            raise KeyError(
                f"offset {offset} of partition {partition} is before the first landed day"
            )
        return starts[index][0]

    def ranges(self, day: date) -> dict[int, tuple[int, int]]:
        """Returns the landed offsets [start, end) of a log day, by partition that has any."""
        ranges = {}
        for partition, starts in self.starts.items():
            ends = [*(first for _, first in starts[1:]), self.landed[partition]]
            for (start_day, start), end in zip(starts, ends, strict=True):
                if start_day == day and end > start:
                    ranges[partition] = (start, end)
        return ranges

    def is_landed(self, day: date, partition: int, offset: int) -> bool:
        """Whether an offset is among the landed ones of a log day."""
        start, end = self.ranges(day).get(partition, (0, 0))
        return start <= offset < end

    def days(self) -> list[date]:
        """Returns all days from the first to the last that any partition has reached."""
        reached = [day for starts in self.starts.values() for day, _ in starts]
        return days_between(min(reached), max(reached)) if reached else []

    def behind(self, ends: Offsets) -> Offsets:
        """Returns, by partition, the number of offsets that are not landed yet."""
        return {
            p: end - self.landed.get(p, self.first.get(p, 0)) for p, end in sorted(ends.items())
        }

    def to_json(self) -> dict:
        """Returns the ledger as JSON values."""
        return {
            "landed": json_by_partition(self.landed),
            "first": json_by_partition(self.first),
            "starts": json_by_partition(
                {p: [[d.isoformat(), o] for d, o in s] for p, s in self.starts.items()}
            ),
            "topic_id": self.topic_id,
            "lost": json_by_partition(
                {p: [list(span) for span in spans] for p, spans in self.lost.items()}
            ),
            "forgotten": {
                user: json_by_partition(ends) for user, ends in sorted(self.forgotten.items())
            },
            "gaps": json_by_partition(
                {
                    p: {d.isoformat(): n for d, n in sorted(days.items())}
                    for p, days in self.gaps.items()
                }
            ),
            "has_unmarked_letters": self.has_unmarked_letters,
        }

    @classmethod
    def from_json(cls, value: dict | None) -> "Ledger":
        """Returns the ledger that `to_json` wrote; an empty one for None."""
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
            gaps={
                int(p): {date.fromisoformat(d): n for d, n in days.items()}
                for p, days in value.get("gaps", {}).items()
            },
            has_unmarked_letters=value.get("has_unmarked_letters", True),
        )


FirstOffsets = dict[int, dict[date | None, int]]
"""Kafka partition -> date of a timestamp (None without a usable one) -> lowest offset with it."""


def advance(
    ledger: Ledger, ends: Offsets, earliest: FirstOffsets, floor: date, today: date
) -> Ledger:
    """Returns the ledger after the records [landed, ends) were read.

    Args:
        ledger: ledger before the read.
        ends: by partition, the next offset after the read.
        earliest: by partition, the lowest offset of each date among the new records.
        floor: first day that exists; records stamped earlier land there.
        today: day of the landing. A record without a date, or with a later one, takes the day that
            its partition has reached; the first record of a partition takes today.
    """
    starts = dict(ledger.starts)
    for partition in ends:
        landed, known = ledger.landed.get(partition, 0), starts.get(partition, ())
        new = {d: o for d, o in earliest.get(partition, {}).items() if o >= landed}
        starts[partition] = known + _day_starts(new, known, floor, today)
    first = {
        **{p: ledger.landed.get(p, _lowest(earliest.get(p, {}), ends[p])) for p in ends},
        **ledger.first,
    }
    return replace(
        ledger,
        landed={**ledger.landed, **ends},
        first=first,
        starts={p: s for p, s in starts.items() if s},
    )


def begin(ledger: Ledger, low: Offsets, topic_id: str) -> Ledger:
    """Returns the ledger with a start for every partition: its lowest offset if it is new."""
    landed = {p: ledger.landed.get(p, first) for p, first in low.items()}
    return replace(ledger, landed=landed, first={**landed, **ledger.first}, topic_id=topic_id)


def accept_loss(ledger: Ledger, low: Offsets) -> Ledger:
    """Returns the ledger that continues where the topic now starts, with the gap as lost."""
    gaps = {p: (landed, low[p]) for p, landed in ledger.landed.items() if landed < low.get(p, 0)}
    lost = {**ledger.lost, **{p: (*ledger.lost.get(p, ()), gap) for p, gap in gaps.items()}}
    landed = {**ledger.landed, **{p: end for p, (_, end) in gaps.items()}}
    return replace(ledger, landed=landed, lost=lost)


def union(ledger: Ledger, days: list[date]) -> dict[int, tuple[int, int]]:
    """Returns, by partition, the smallest span [start, end) of landed offsets with all the days."""
    spans: dict[int, tuple[int, int]] = {}
    for day in days:
        for partition, (start, end) in ledger.ranges(day).items():
            low, high = spans.get(partition, (start, end))
            spans[partition] = (min(low, start), max(high, end))
    return spans


def offset_count(ledger: Ledger, days: list[date]) -> int:
    """Returns the number of offsets, with and without a record, from the first day to the last."""
    return sum(end - start for start, end in union(ledger, days).values())


def _lowest(offsets: dict[date | None, int], default: int) -> int:
    return min(offsets.values(), default=default)


def _day_starts(
    earliest: dict[date | None, int], known: tuple[tuple[date, int], ...], floor: date, today: date
) -> tuple[tuple[date, int], ...]:
    """Returns (day, first offset) of each date later than all dates before it in the log."""
    reached = known[-1][0] if known else None
    starts: list[tuple[date, int]] = []
    for stamped, offset in sorted(earliest.items(), key=lambda item: item[1]):
        day = reached or today
        if stamped is not None and stamped <= today:
            day = max(stamped, floor)
        if reached is None or day > reached:
            starts.append((day, offset))
            reached = day
    return tuple(starts)
