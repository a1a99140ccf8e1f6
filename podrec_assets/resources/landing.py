"""Landing of `user-events` into Delta, by Spark Structured Streaming or by one process without a JVM. Plain Python.

Both engines run the same parsing, the same log-day rule and the same commit: rows and the ledger of landed offsets in one,
dead letters before it. What was landed is decided by the table's ledger alone, so a lost checkpoint, a repeated batch and a
killed driver end in the same rows.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from podrec_assets.listening import batches, events, offsets
from podrec_assets.schemas import USER_EVENTS
from podrec_assets.settings import Settings
from podrec_assets.stores import spark
from podrec_assets.stores.delta import Lake, TableState
from podrec_assets.stores.kafka import KafkaStore, Record

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

RECORD_SCHEMA = pa.schema([
    *(USER_EVENTS.schema.field(n) for n in ("kafka_topic", "kafka_partition", "kafka_offset", "recorded_at")),
    pa.field("value", pa.binary()),
])
_STREAM_COLUMNS = (
    "topic AS kafka_topic", "partition AS kafka_partition", "offset AS kafka_offset", "timestamp AS recorded_at", "value",
)


@dataclass(frozen=True)
class Landed:
    """What one landing did: rows and dead letters added, offsets after it, and the days it touched."""

    row_count: int
    dead_count: int
    ledger: offsets.Ledger
    log_days: frozenset[date]
    event_days: frozenset[date]

    def add(self, other: "Landed") -> "Landed":
        """This landing followed by `other`."""
        return Landed(
            self.row_count + other.row_count, self.dead_count + other.dead_count, other.ledger,
            self.log_days | other.log_days, self.event_days | other.event_days,
        )


def to_records_table(records: list[Record]) -> pa.Table:
    """Kafka records as an Arrow table in RECORD_SCHEMA."""
    columns = [
        [r.topic for r in records], [r.partition for r in records], [r.offset for r in records],
        pa.array([r.timestamp_ms * 1000 for r in records], pa.timestamp("us", tz="UTC")), [r.value for r in records],
    ]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, RECORD_SCHEMA, strict=True)], schema=RECORD_SCHEMA)


def ledger_of(state: TableState) -> offsets.Ledger:
    """The ledger in a table's state."""
    return offsets.Ledger.from_json(state.ledger)


@dataclass(frozen=True)
class EventLanding:
    """Lands the events topic of one Kafka into one lake."""

    lake: Lake
    kafka: KafkaStore
    settings: Settings
    today: date
    session: "Callable[[], SparkSession] | None" = None
    """Makes the Spark session; None: the one-process engine."""

    def land_new(self) -> Landed:
        """Lands everything from the ledger up to the topic's end (or to what lies in tomorrow). Idempotent.

        Raises:
            DataLossError: retention removed offsets that were not landed, or the topic was created anew.
        """
        topic = self.settings.events_topic
        with self.lake.writing(USER_EVENTS.name):
            start = self._begin(ledger_of(self.lake.state(USER_EVENTS.name)))
            total = Landed(0, 0, start, frozenset(), frozenset())
            ranges = {p: (start.landed[p], end) for p, end in self.kafka.end_offsets(topic).items() if end > start.landed[p]}
            if not ranges:
                return total
            steps = self._stream() if self.session else self._read(ranges)
            for step in steps:
                total = total.add(step)
        return total

    def _begin(self, ledger: offsets.Ledger) -> offsets.Ledger:
        """The ledger with a place to start for each partition; refuses a topic that lost what is not landed."""
        topic = self.settings.events_topic
        topic_id, low = self.kafka.topic_id(topic), self.kafka.begin_offsets(topic)
        offsets.check_continuity(topic, ledger, low, self.kafka.end_offsets(topic), topic_id)
        landed = {p: ledger.landed.get(p, first) for p, first in low.items()}
        return replace(ledger, landed=landed, first={**landed, **ledger.first}, topic_id=topic_id)

    def _read(self, ranges: dict[int, tuple[int, int]]) -> Iterator[Landed]:
        for records in self.kafka.read(self.settings.events_topic, ranges, self.settings.events_per_batch):
            table = to_records_table(records)
            ledger = self._begin(ledger_of(self.lake.state(USER_EVENTS.name)))
            after = self._advance(ledger, table)
            rows, dead = self._tag(self._parse(table), ledger, after)
            self.lake.add_dead_letters(dead)
            days = set(rows["day"].unique().to_pylist()) | {d["day"] for d in dead}
            self.lake.append(USER_EVENTS, rows, self._days(ledger, after), after.to_json())
            yield Landed(len(rows), len(dead), after, frozenset(days), frozenset(rows["event_day"].unique().to_pylist()))

    def _stream(self) -> list[Landed]:
        """One Structured Streaming query over all that is new, in bounded batches."""
        assert self.session is not None
        checkpoint = Path(self.settings.home) / "checkpoints" / USER_EVENTS.name
        # The ledger says where to begin, so an old checkpoint can only be equal to it or wrong.
        shutil.rmtree(checkpoint, ignore_errors=True)
        start = self._begin(ledger_of(self.lake.state(USER_EVENTS.name)))
        steps: list[Landed] = []
        source = (
            self.session().readStream.format("kafka")
            .option("kafka.bootstrap.servers", self.kafka.bootstrap)
            .option("subscribe", self.settings.events_topic)
            .option("startingOffsets", json.dumps({self.settings.events_topic: {str(p): o for p, o in start.landed.items()}}))
            .option("failOnDataLoss", "true")
            .option("maxOffsetsPerTrigger", self.settings.events_per_batch)
            .load()
            .selectExpr(*_STREAM_COLUMNS)
        )
        query = (
            source.writeStream.trigger(availableNow=True)
            .option("checkpointLocation", str(checkpoint))
            .foreachBatch(lambda frame, _: steps.append(self._land_batch(frame)))
            .start()
        )
        query.awaitTermination()
        return steps

    def _land_batch(self, frame: "DataFrame") -> Landed:
        """Lands one micro-batch: dead letters by key, then rows and ledger in one commit."""
        ledger = self._begin(ledger_of(self.lake.state(USER_EVENTS.name)))
        parsed = frame.mapInArrow(_parser(self.settings), _spark_schema(frame.sparkSession)).persist()
        try:
            found = parsed.selectExpr("kafka_partition", "kafka_offset", "recorded_at")
            after = self._advance(ledger, _boundaries(found))
            tagged = parsed.mapInArrow(_tagger(ledger, after, self.settings), _tagged_schema(frame.sparkSession)).persist()
            dead = tagged.where("refusal IS NOT NULL").toArrow()
            _, letters = batches.split(dead)
            self.lake.add_dead_letters(letters)
            rows = tagged.where("refusal IS NULL").select(*USER_EVENTS.schema.names)
            metadata = self.lake.state(USER_EVENTS.name).metadata(self._days(ledger, after), after.to_json())
            spark.append(rows, self.lake.uri(USER_EVENTS.name), metadata)
            touched = rows.selectExpr("day", "event_day").groupBy("day", "event_day").count().toArrow().to_pylist()
            tagged.unpersist()
        finally:
            parsed.unpersist()
        log_days = {t["day"] for t in touched} | {d["day"] for d in letters}
        return Landed(
            sum(t["count"] for t in touched), len(letters), after, frozenset(log_days), frozenset(t["event_day"] for t in touched)
        )
