"""The one-process source of events: a bounded consumer, Arrow, and deltalake. No JVM."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from podrec_assets.ledger.ledger import Ledger
from podrec_assets.listening import event_batches, event_message
from podrec_assets.pipelines.listening.event_reader import Ranges, record_schema
from podrec_assets.schemas import USER_EVENTS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.kafka import KafkaStore, Record

PART = 10_000
"""Records that are Python objects at a time while they are read."""


@dataclass(frozen=True)
class LocalTagged:
    """Parsed records in Arrow."""

    rows: pa.Table
    letters: list[dict]
    lake: Lake

    def dead_letters(self) -> list[dict]:
        return self.letters

    def append(self, metadata_days: list[date], ledger: Ledger) -> None:
        self.lake.append(USER_EVENTS, self.rows, metadata_days, ledger.to_json())

    def replace(self, days: list[date], ledger: Ledger) -> None:
        kept = self.rows.filter(pc.is_in(self.rows["day"], pa.array(days, pa.date32())))
        self.lake.replace_days(USER_EVENTS, kept, days, ledger.to_json())

    def touched(self) -> list[tuple[date, date, int]]:
        counts = self.rows.group_by(["day", "event_day"]).aggregate([([], "count_all")]).to_pylist()
        return [(c["day"], c["event_day"], c["count_all"]) for c in counts]


@dataclass(frozen=True)
class LocalBatch:
    """Raw records in Arrow."""

    records: pa.Table
    lake: Lake
    settings: Settings

    def earliest(self) -> dict[int, dict[date, int]]:
        return event_batches.day_boundaries(self.records)

    def ends(self) -> dict[int, int]:
        counts = (
            self.records.group_by("kafka_partition")
            .aggregate([("kafka_offset", "max")])
            .to_pylist()
        )
        return {c["kafka_partition"]: c["kafka_offset_max"] + 1 for c in counts}

    def tagged(self, since: Ledger, ledger: Ledger) -> LocalTagged:
        parsed = event_message.parse_batch(self.records, self.settings.future_skew_s)
        rows, letters = event_batches.split(
            event_batches.tag_days(parsed, since, ledger, self.settings.late_days)
        )
        return LocalTagged(rows, letters, self.lake)


@dataclass(frozen=True)
class LocalReader:
    """Reads the events topic in this process."""

    lake: Lake
    kafka: KafkaStore
    settings: Settings

    def stream(self, start: dict[int, int], land: Callable[[LocalBatch], None]) -> None:
        topic = self.settings.events_topic
        ranges = {
            p: (start[p], end) for p, end in self.kafka.end_offsets(topic).items() if end > start[p]
        }
        gathered: list[pa.Table] = []
        for part in self._parts(ranges):
            gathered.append(part)
            if sum(part.num_rows for part in gathered) >= self.settings.events_per_batch:
                land(self._batch(gathered))
                gathered = []
        if gathered:
            land(self._batch(gathered))

    def read(self, ranges: Ranges) -> Iterator[LocalBatch]:
        # One batch: a replaced day is one commit.
        yield self._batch(list(self._parts(ranges)))

    def _parts(self, ranges: Ranges) -> Iterator[pa.Table]:
        # Few Python objects at a time: Arrow holds a record in a fraction of the memory, out of the
        # garbage collector's way.
        size = min(PART, self.settings.events_per_batch)
        return (
            to_table(records)
            for records in self.kafka.read(self.settings.events_topic, ranges, size)
        )

    def _batch(self, parts: list[pa.Table]) -> LocalBatch:
        return LocalBatch(
            pa.concat_tables([record_schema().empty_table(), *parts]), self.lake, self.settings
        )


def to_table(records: list[Record]) -> pa.Table:
    """Kafka records as an Arrow table in `record_schema`."""
    schema = record_schema()
    columns = [
        [r.topic for r in records],
        [r.partition for r in records],
        [r.offset for r in records],
        [r.timestamp_ms * 1000 for r in records],
        [r.value for r in records],
    ]
    return pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema
    )
