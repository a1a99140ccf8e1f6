"""The Spark reader of events: Structured Streaming for new ones, a batch read for replay."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
from pyspark.sql import DataFrame, DataFrameReader, Row, SparkSession, functions
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.streaming import DataStreamReader

from podrec_assets.ledger.ledger import Ledger, Offsets
from podrec_assets.listening import event_batches, event_message
from podrec_assets.pipelines.listening.event_reader import RECORD_SCHEMA, LandBatch, Ranges
from podrec_assets.schemas import USER_EVENTS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.kafka import security
from podrec_assets.stores.spark import session as spark

SparkReaderType = TypeVar("SparkReaderType", DataFrameReader, DataStreamReader)
COLUMNS = (
    "topic AS kafka_topic",
    "partition AS kafka_partition",
    "offset AS kafka_offset",
    "timestamp AS recorded_at",
    "value",
)
KAFKA_OPTIONS = {
    "failOnDataLoss": "true",
    # Give up on an unreachable broker within a minute; the defaults take three times as long.
    "fetchOffset.numRetries": "1",
    "kafka.default.api.timeout.ms": "20000",
    "kafka.request.timeout.ms": "10000",
}


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

    def day_boundaries(self) -> dict[int, dict[date, int]]:
        boundaries: dict[int, dict[date, int]] = {}
        for partition, day, lowest, _ in self._spans:
            boundaries.setdefault(partition, {})[day] = lowest
        return boundaries

    def ends(self) -> Offsets:
        ends: Offsets = {}
        for partition, _, _, highest in self._spans:
            ends[partition] = max(ends.get(partition, 0), highest + 1)
        return ends

    @cached_property
    def _spans(self) -> list[Row]:
        """(partition, record date, lowest offset, highest offset), by one Spark job."""
        dated = self.frame.groupBy("kafka_partition", self.frame["recorded_at"].cast("date"))
        return dated.agg(functions.min("kafka_offset"), functions.max("kafka_offset")).collect()

    def parse(self, since: Ledger, ledger: Ledger) -> SparkParsedBatch:
        skew_s, late_days = self.settings.future_skew_s, self.settings.late_days

        def parse_parts(parts: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for part in parts:
                records = pa.Table.from_batches([part]).cast(RECORD_SCHEMA)
                parsed = event_message.parse_batch(records, skew_s)
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
            .option("startingOffsets", json.dumps({topic: {str(p): o for p, o in start.items()}}))
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
        query.awaitTermination()

    def read(self, ranges: Ranges) -> Iterator[SparkBatch]:
        topic = self.settings.events_topic
        begin, end = ({str(p): r[i] for p, r in ranges.items()} for i in (0, 1))
        frame = (
            self._kafka(self.session().read)
            # With `subscribe`, partitions without a range would be read whole.
            .option("assign", json.dumps({topic: sorted(ranges)}))
            .option("startingOffsets", json.dumps({topic: begin}))
            .option("endingOffsets", json.dumps({topic: end}))
            .load()
            .selectExpr(*COLUMNS)
        )
        try:
            yield SparkBatch(frame, self.lake, self.settings)
        finally:
            self.session().catalog.clearCache()

    def _kafka(self, reader: SparkReaderType) -> SparkReaderType:
        options = KAFKA_OPTIONS | security.spark_options(self.settings)
        return (
            reader.format("kafka")
            .option("kafka.bootstrap.servers", self.bootstrap)
            .options(**options)
        )

    def _cached(self, frame: DataFrame, land: LandBatch) -> None:
        cached = frame.persist()
        try:
            land(SparkBatch(cached, self.lake, self.settings))
        finally:
            cached.sparkSession.catalog.clearCache()
