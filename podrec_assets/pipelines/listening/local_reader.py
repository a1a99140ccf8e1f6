"""The reader of events in one process: a bounded consumer, Arrow and deltalake, without a JVM."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from podrec_assets.ledger.ledger import Ledger, Offsets
from podrec_assets.listening import event_batches, event_parsing
from podrec_assets.pipelines.listening.event_reader import RECORD_SCHEMA, LandBatch, Ranges
from podrec_assets.schemas import USER_EVENTS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.kafka import KafkaStore, Record

PART = 10_000
"""Records that are Python objects at the same time; the others stay in Arrow."""


@dataclass(frozen=True)
class LocalParsedBatch:
    """Rows of USER_EVENTS in Arrow, and dead letters."""

    rows: pa.Table
    letters: list[dict]
    lake: Lake

    def dead_letters(self) -> list[dict]:
        return self.letters

    def append(self, days: list[date], ledger: Ledger) -> None:
        self.lake.append(USER_EVENTS, self.rows, days, ledger.to_json())

    def replace(self, days: list[date], ledger: Ledger) -> None:
        rows = self.rows.filter(pc.is_in(self.rows["day"], pa.array(days, pa.date32())))
        self.lake.replace_days(USER_EVENTS, rows, days, ledger.to_json())

    def row_counts(self) -> list[tuple[date, date, int]]:
        counts = self.rows.group_by(["day", "event_day"]).aggregate([([], "count_all")]).to_pylist()
        return [(c["day"], c["event_day"], c["count_all"]) for c in counts]


@dataclass(frozen=True)
class LocalBatch:
    """Raw records in Arrow, in RECORD_SCHEMA.

    Those in `unreadable`, by position, are refused with their error instead of being parsed.
    """

    records: pa.Table
    lake: Lake
    settings: Settings
    unreadable: dict[int, Exception] = field(default_factory=dict)

    def positions(self) -> pa.Table:
        return self.records.select(event_batches.POSITION_COLUMNS)

    def to_arrow(self) -> pa.Table:
        return self.records

    def parse(self, since: Ledger, ledger: Ledger) -> LocalParsedBatch:
        refused = event_parsing.refuse_unreadable(
            self.records.take(pa.array([*self.unreadable], pa.int64())), [*self.unreadable.values()]
        )
        is_readable = ~np.isin(np.arange(len(self.records)), [*self.unreadable])
        readable = event_batches.bound_times(self.records.filter(is_readable), since, ledger)
        parsed = pa.concat_tables(
            [event_parsing.parse_batch(readable, self.settings.future_skew_s), refused]
        )
        tagged = event_batches.tag_days(parsed, since, ledger, self.settings.late_days)
        rows, letters = event_batches.split(tagged)
        return LocalParsedBatch(rows, letters, self.lake)


@dataclass(frozen=True)
class LocalReader:
    """Reads the events topic in this process."""

    lake: Lake
    kafka: KafkaStore
    settings: Settings

    def stream(self, start: Offsets, land: LandBatch) -> None:
        topic = self.settings.events_topic
        ends = self.kafka.end_offsets(topic)
        parts: list[pa.Table] = []
        for part in self._parts({p: (start[p], end) for p, end in ends.items() if end > start[p]}):
            parts.append(part)
            if sum(part.num_rows for part in parts) >= self.settings.events_per_batch:
                land(self._batch(parts))
                parts = []
        if parts:
            land(self._batch(parts))

    def read(self, ranges: Ranges) -> Iterator[LocalBatch]:
        # One batch, because a replaced day is one commit.
        yield self._batch(list(self._parts(ranges)))

    def _parts(self, ranges: Ranges) -> Iterator[pa.Table]:
        # Arrow holds a record in a fraction of the memory of a Python object, and the garbage
        # collector does not visit it.
        size = min(PART, self.settings.events_per_batch)
        return map(to_table, self.kafka.read(self.settings.events_topic, ranges, size))

    def _batch(self, parts: list[pa.Table]) -> LocalBatch:
        records = pa.concat_tables([RECORD_SCHEMA.empty_table(), *parts])
        return LocalBatch(records, self.lake, self.settings)


def to_table(records: list[Record]) -> pa.Table:
    """Converts Kafka records to an Arrow table in RECORD_SCHEMA."""
    columns = [
        [r.topic for r in records],
        [r.partition for r in records],
        [r.offset for r in records],
        [r.timestamp_ms * 1000 if r.timestamp_ms >= 0 else None for r in records],
        [r.value for r in records],
    ]
    arrays = [pa.array(c, f.type) for c, f in zip(columns, RECORD_SCHEMA, strict=True)]
    return pa.table(arrays, schema=RECORD_SCHEMA)
