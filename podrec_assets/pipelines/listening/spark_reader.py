"""The Spark source of events: Structured Streaming for what is new, a batch read of offsets for
replay.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, Row, SparkSession, functions
from pyspark.sql.pandas.types import from_arrow_schema

from podrec_assets.ledger.ledger import Ledger
from podrec_assets.listening import event_batches, event_message
from podrec_assets.pipelines.listening.event_reader import Ranges, record_schema
from podrec_assets.schemas import USER_EVENTS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.kafka import security
from podrec_assets.stores.spark import session as spark

COLUMNS = (
    "topic AS kafka_topic",
    "partition AS kafka_partition",
    "offset AS kafka_offset",
    "timestamp AS recorded_at",
    "value",
)
KAFKA_OPTIONS = {
    "failOnDataLoss": "true",
    # A broker that went away ends the landing within a minute; by default it is waited for three
    # times as long.
    "fetchOffset.numRetries": "1",
    "kafka.default.api.timeout.ms": "20000",
    "kafka.request.timeout.ms": "10000",
}


@dataclass(frozen=True)
class SparkTagged:
    """Parsed records in a cached DataFrame in `batches.TAGGED_SCHEMA`.

    On an object store deltalake alone commits: its conditional puts are safe, Spark's S3 commits
    are not, and the two do not see each other. A batch is bounded, so the driver can hold it.
    """

    frame: DataFrame
    lake: Lake

    def dead_letters(self) -> list[dict]:
        refused = (
            self.frame.where("refusal IS NOT NULL").toArrow().cast(event_batches.TAGGED_SCHEMA)
        )
        return event_batches.split(refused)[1]

    def append(self, metadata_days: list[date], ledger: Ledger) -> None:
        if self.lake.is_remote:
            self.lake.append(USER_EVENTS, self._rows().toArrow(), metadata_days, ledger.to_json())
            return
        metadata = self.lake.state(USER_EVENTS.name).metadata(metadata_days, ledger.to_json())
        spark.append(self._rows(), self.lake.uri(USER_EVENTS.name), metadata)

    def replace(self, days: list[date], ledger: Ledger) -> None:
        kept = self._rows().where(self.frame["day"].isin(days))
        if self.lake.is_remote:
            self.lake.replace_days(USER_EVENTS, kept.toArrow(), days, ledger.to_json())
            return
        metadata = self.lake.state(USER_EVENTS.name).metadata(days, ledger.to_json())
        spark.replace_days(kept, self.lake.uri(USER_EVENTS.name), days, metadata)

    def touched(self) -> list[tuple[date, date, int]]:
        counts = self._rows().groupBy("day", "event_day").count().toArrow().to_pylist()
        return [(c["day"], c["event_day"], c["count"]) for c in counts]

    def _rows(self) -> DataFrame:
        return self.frame.where("refusal IS NULL").select(*USER_EVENTS.schema.names)


@dataclass(frozen=True)
class SparkBatch:
    """Raw records in a cached DataFrame with COLUMNS."""

    frame: DataFrame
    lake: Lake
    settings: Settings

    def earliest(self) -> dict[int, dict[date, int]]:
        found: dict[int, dict[date, int]] = {}
        for partition, stamped, lowest, _ in self._spans:
            found.setdefault(partition, {})[stamped] = lowest
        return found

    def ends(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for partition, _, _, highest in self._spans:
            found[partition] = max(found.get(partition, 0), highest + 1)
        return found

    @cached_property
    def _spans(self) -> list[Row]:
        """(partition, record date, lowest and highest offset): one job for all that the ledger
        needs.
        """
        dated = self.frame.groupBy("kafka_partition", self.frame["recorded_at"].cast("date"))
        return dated.agg(functions.min("kafka_offset"), functions.max("kafka_offset")).collect()

    def tagged(self, since: Ledger, ledger: Ledger) -> SparkTagged:
        skew_s, late_days, schema = (
            self.settings.future_skew_s,
            self.settings.late_days,
            record_schema(),
        )

        def tag(parts: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for part in parts:
                records = pa.Table.from_batches([part]).cast(schema)
                parsed = event_message.parse_batch(records, skew_s)
                yield from event_batches.tag_days(parsed, since, ledger, late_days).to_batches()

        frame = self.frame.mapInArrow(tag, from_arrow_schema(event_batches.TAGGED_SCHEMA))
        return SparkTagged(frame.persist(), self.lake)


@dataclass(frozen=True)
class SparkReader:
    """Reads the events topic by Spark."""

    session: Callable[[], SparkSession]
    lake: Lake
    bootstrap: str
    settings: Settings

    def stream(self, start: dict[int, int], land: Callable[[SparkBatch], None]) -> None:
        checkpoint = Path(self.settings.home) / "checkpoints" / USER_EVENTS.name
        # The table's ledger says where to begin; a checkpoint left behind can only agree with it or
        # be wrong.
        shutil.rmtree(checkpoint, ignore_errors=True)
        begin = json.dumps({self.settings.events_topic: {str(p): o for p, o in start.items()}})
        source = self._kafka(self.session().readStream).option(
            "subscribe", self.settings.events_topic
        )
        source = source.option("startingOffsets", begin)
        frame = (
            source.option("maxOffsetsPerTrigger", self.settings.events_per_batch)
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
        source = self._kafka(self.session().read)
        # Partitions left out would be read whole, so they are assigned away.
        source = source.option("assign", json.dumps({topic: sorted(ranges)}))
        frame = source.option("startingOffsets", json.dumps({topic: begin})).option(
            "endingOffsets", json.dumps({topic: end})
        )
        try:
            yield SparkBatch(frame.load().selectExpr(*COLUMNS), self.lake, self.settings)
        finally:
            self.session().catalog.clearCache()

    def _kafka(self, reader):
        options = KAFKA_OPTIONS | security.spark_options(self.settings)
        return (
            reader.format("kafka")
            .option("kafka.bootstrap.servers", self.bootstrap)
            .options(**options)
        )

    def _cached(self, frame: DataFrame, land: Callable[[SparkBatch], None]) -> None:
        cached = frame.persist()
        try:
            land(SparkBatch(cached, self.lake, self.settings))
        finally:
            cached.sparkSession.catalog.clearCache()
