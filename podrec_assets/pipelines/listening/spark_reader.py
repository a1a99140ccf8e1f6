"""The Spark reader of events: Structured Streaming for new ones, a batch read for replay."""

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.streaming import DataStreamReader, StreamingQueryException

from podrec_assets.ledger.ledger import Ledger, Offsets, json_by_partition
from podrec_assets.ledger.record_dates import LAST_MS
from podrec_assets.listening import event_batches, event_parsing
from podrec_assets.pipelines.listening.event_reader import (
    RECORD_SCHEMA,
    Batch,
    LandBatch,
    Ranges,
)
from podrec_assets.pipelines.listening.local_reader import LocalReader
from podrec_assets.schemas import USER_EVENTS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.kafka import KafkaStore, security
from podrec_assets.stores.spark import session as spark

logger = logging.getLogger(__name__)
SparkReaderType = TypeVar("SparkReaderType", DataFrameReader, DataStreamReader)
COLUMNS = (
    "topic AS kafka_topic",
    "partition AS kafka_partition",
    "offset AS kafka_offset",
    f"CASE WHEN unix_millis(timestamp) BETWEEN 0 AND {LAST_MS} THEN timestamp END AS recorded_at",
    "value",
)
KAFKA_OPTIONS = {
    "failOnDataLoss": "true",
    # Records of aborted transactions are no records; librdkafka skips them too.
    "kafka.isolation.level": "read_committed",
    # Give up on an unreachable broker within a minute; the defaults take three times as long.
    "fetchOffset.numRetries": "1",
    "kafka.default.api.timeout.ms": "20000",
    "kafka.request.timeout.ms": "10000",
}

BEYOND_SPARK = "overflows when converting to Spark's microsecond-precision TimestampType"
"""Spark's words for a record whose timestamp it cannot hold; it fails the whole query."""


@dataclass(frozen=True)
class SparkParsedBatch:
    """Parsed records in a cached DataFrame, in `event_batches.TAGGED_SCHEMA`.

    On an object store only deltalake commits. Its conditional puts are safe; Spark's S3 commits are
    not, and the two do not exclude each other. The driver can hold a batch, because it is bounded.
    """

    frame: DataFrame
    lake: Lake

    def dead_letters(self) -> list[dict]:
        refused = self.frame.where("refusal IS NOT NULL").toArrow()
        return event_batches.split(refused.cast(event_batches.TAGGED_SCHEMA))[1]

    def append(self, days: list[date], ledger: Ledger) -> None:
        if self.lake.is_remote:
            self.lake.append(USER_EVENTS, self._rows().toArrow(), days, ledger.to_json())
            return
        metadata = self.lake.state(USER_EVENTS.name).metadata(days, ledger.to_json())
        spark.append(self._rows(), self.lake.uri(USER_EVENTS.name), metadata)

    def replace(self, days: list[date], ledger: Ledger) -> None:
        rows = self._rows().where(self.frame["day"].isin(days))
        if self.lake.is_remote:
            self.lake.replace_days(USER_EVENTS, rows.toArrow(), days, ledger.to_json())
            return
        metadata = self.lake.state(USER_EVENTS.name).metadata(days, ledger.to_json())
        spark.replace_days(rows, self.lake.uri(USER_EVENTS.name), days, metadata)

    def row_counts(self) -> list[tuple[date, date, int]]:
        counts = self._rows().groupBy("day", "event_day").count().toArrow().to_pylist()
        return [(c["day"], c["event_day"], c["count"]) for c in counts]

    def _rows(self) -> DataFrame:
        return self.frame.where("refusal IS NULL").select(*USER_EVENTS.schema.names)


@dataclass(frozen=True)
class SparkBatch:
    """Raw records in a cached DataFrame with the columns COLUMNS."""

    frame: DataFrame
    lake: Lake
    settings: Settings

    def positions(self) -> pa.Table:
        return self._positions

    @cached_property
    def _positions(self) -> pa.Table:
        columns = event_batches.POSITION_COLUMNS
        schema = pa.schema([RECORD_SCHEMA.field(name) for name in columns])
        return self.frame.select(*columns).toArrow().cast(schema)

    def to_arrow(self) -> pa.Table:
        return self.frame.toArrow().cast(RECORD_SCHEMA)

    def parse(self, since: Ledger, ledger: Ledger) -> SparkParsedBatch:
        skew_s, late_days = self.settings.future_skew_s, self.settings.late_days

        def parse_parts(parts: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for part in parts:
                records = pa.Table.from_batches([part]).cast(RECORD_SCHEMA)
                bounded = event_batches.bound_times(records, since, ledger)
                parsed = event_parsing.parse_batch(bounded, skew_s)
                yield from event_batches.tag_days(parsed, since, ledger, late_days).to_batches()

        schema = from_arrow_schema(event_batches.TAGGED_SCHEMA)
        return SparkParsedBatch(self.frame.mapInArrow(parse_parts, schema).persist(), self.lake)


@dataclass(frozen=True)
class SparkReader:
    """Reads the events topic with Spark."""

    session: Callable[[], SparkSession]
    lake: Lake
    bootstrap: str
    settings: Settings

    def stream(self, start: Offsets, land: LandBatch) -> None:
        topic = self.settings.events_topic
        checkpoint = Path(self.settings.home) / "checkpoints" / USER_EVENTS.name
        # The table's ledger decides where to start; an old checkpoint could only contradict it.
        shutil.rmtree(checkpoint, ignore_errors=True)
        frame = (
            self._kafka(self.session().readStream)
            .option("subscribe", topic)
            .option("startingOffsets", json.dumps({topic: json_by_partition(start)}))
            .option("maxOffsetsPerTrigger", self.settings.events_per_batch)
            .load()
            .selectExpr(*COLUMNS)
        )
        query = (
            frame.writeStream.trigger(availableNow=True)
            .option("checkpointLocation", str(checkpoint))
            .foreachBatch(lambda batch, _: self._cached(batch, land))
            .start()
        )
        try:
            query.awaitTermination()
        except StreamingQueryException as err:
            if BEYOND_SPARK not in str(err):
                raise
            landed = self.lake.ledger(USER_EVENTS.name).landed
            self._local_reader().stream({**start, **landed}, land)

    def read(self, ranges: Ranges) -> Iterator[Batch]:
        topic = self.settings.events_topic
        begin, end = (json_by_partition({p: r[i] for p, r in ranges.items()}) for i in (0, 1))
        frame = (
            self._kafka(self.session().read)
            # With `subscribe`, partitions without a range would be read whole.
            .option("assign", json.dumps({topic: sorted(ranges)}))
            .option("startingOffsets", json.dumps({topic: begin}))
            .option("endingOffsets", json.dumps({topic: end}))
            .load()
            .selectExpr(*COLUMNS)
        )
        batch = SparkBatch(frame.persist(), self.lake, self.settings)
        try:
            yield batch if _can_be_read(batch) else next(self._local_reader().read(ranges))
        finally:
            self.session().catalog.clearCache()

    def _local_reader(self) -> LocalReader:
        """Reads in this process what Spark cannot; the rows are the same."""
        logger.warning("%s: this process reads %s", BEYOND_SPARK, self.settings.events_topic)
        kafka = KafkaStore(self.bootstrap, security.client_properties(self.settings))
        return LocalReader(self.lake, kafka, self.settings)

    def _kafka(self, reader: SparkReaderType) -> SparkReaderType:
        options = KAFKA_OPTIONS | security.spark_options(self.settings)
        return (
            reader.format("kafka")
            .option("kafka.bootstrap.servers", self.bootstrap)
            .options(**options)
        )

    def _cached(self, frame: DataFrame, land: LandBatch) -> None:
        cached = frame.persist()
        batch = SparkBatch(cached, self.lake, self.settings)
        try:
            batch.positions()  # fails for a record that Spark cannot read
            land(batch)
        finally:
            cached.sparkSession.catalog.clearCache()


def _can_be_read(batch: SparkBatch) -> bool:
    try:
        batch.positions()
    except Exception as err:
        if BEYOND_SPARK in str(err):
            return False
        raise
    return True
