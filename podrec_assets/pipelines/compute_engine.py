"""What runs the heavy steps of listening: Spark, or this process without a JVM.

Both give the same facts for the same inputs; their ALS factors agree approximately.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
from scipy.sparse import csr_matrix

from podrec_assets.errors import MissingPartitionError
from podrec_assets.listening.daily_score import INPUTS, daily_score_sql
from podrec_assets.pipelines.listening.event_reader import EventReader
from podrec_assets.pipelines.listening.local_reader import LocalReader
from podrec_assets.recommend.als import implicit
from podrec_assets.recommend.als import spark as spark_als
from podrec_assets.recommend.als.factors import AlsConfig, Factors, bounded_rank
from podrec_assets.schemas import USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.settings import Settings
from podrec_assets.stores import duckdb
from podrec_assets.stores.delta import Lake, on_days
from podrec_assets.stores.kafka import KafkaStore
from podrec_assets.stores.spark import session as spark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class ComputeEngine:
    """Reads events, sums daily scores and fits ALS.

    Attributes:
        session: returns the Spark session; None computes in this process.
    """

    session: "Callable[[], SparkSession] | None"

    def event_reader(self, lake: Lake, kafka: KafkaStore, settings: Settings) -> EventReader:
        """Returns what reads new and replayed events."""
        if self.session is None:
            return LocalReader(lake, kafka, settings)
        # Only this engine needs pyspark.
        from podrec_assets.pipelines.listening.spark_reader import SparkReader

        return SparkReader(self.session, lake, kafka.bootstrap, settings)

    def daily_score(self, lake: Lake, settings: Settings, days: list[date]) -> pa.Table:
        """Computes the USER_VS_EPISODE_DAILY rows of the event days, ordered by key.

        Raises:
            MissingPartitionError: the log is not landed up to the last of the days.
        """
        latest = lake.state(USER_EVENTS.name).latest_day
        if latest is None or latest < days[-1]:
            raise MissingPartitionError(
                f"{USER_EVENTS.name} has never been written for {days[-1]}: "
                f"run `podrec run --select {USER_EVENTS.name} --days {days[-1]}` first."
            )
        sql = daily_score_sql(settings)
        condition = on_days(days, "event_day")
        if self.session is None:
            rows = duckdb.query(sql, {"events": lake.read(USER_EVENTS.name, condition, INPUTS)})
        else:
            session = self.session()
            _events(session, lake, condition).createOrReplaceTempView("events")
            rows = session.sql(sql).toArrow()
        schema = USER_VS_EPISODE_DAILY.schema
        key = [(name, "ascending") for name in ("day", *USER_VS_EPISODE_DAILY.key)]
        return rows.select(schema.names).cast(schema).sort_by(key)

    def fit_als(self, matrix: csr_matrix, config: AlsConfig) -> Factors:
        """Fits ALS factors to a users x items matrix of damped scores.

        The rank is lowered where the matrix is too small for it.
        """
        config = replace(config, rank=bounded_rank(config.rank, matrix))
        if self.session is None:
            return implicit.fit(matrix, config)
        return spark_als.fit(self.session(), matrix, config)

    def warm_up(self) -> None:
        """Starts the Spark session, so that a measurement does not include it."""
        if self.session is not None:
            self.session().range(1).count()


def build_engine(settings: Settings, session: "Callable[[], SparkSession]") -> ComputeEngine:
    """Returns the engine that PODREC_ENGINE names; `session` is called only if it is Spark."""
    return ComputeEngine(None if settings.engine == "local" else session)


def _events(session: "SparkSession", lake: Lake, condition: str) -> "DataFrame":
    """Reads events into Spark.

    On an object store deltalake reads them: Spark would need that store's client on every worker.
    """
    if lake.is_remote:
        return session.createDataFrame(lake.read(USER_EVENTS.name, condition, INPUTS))
    return (
        spark.read(session, lake.uri(USER_EVENTS.name), USER_EVENTS)
        .where(condition)
        .select(*INPUTS)
    )
