"""The two engines behind the listening assets: Spark, or one process without a JVM. Same inputs,
same outputs.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
from scipy.sparse import csr_matrix

from podrec_assets.errors import MissingPartitionError
from podrec_assets.listening.daily_score import daily_score_sql
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening.event_reader import EventReader
from podrec_assets.pipelines.listening.local_reader import LocalReader
from podrec_assets.recommend.als import implicit
from podrec_assets.recommend.als import spark as spark_als
from podrec_assets.recommend.als.factors import AlsConfig, Factors, bounded_rank
from podrec_assets.schemas import USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.stores import duckdb
from podrec_assets.stores.spark import session as spark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from podrec_assets.defs.resources.spark import SparkResource


@dataclass(frozen=True)
class ComputeEngine:
    """What runs the heavy steps.

    Attributes:
        connections: stores of the run.
        session: makes the Spark session; None for the one-process engine.
    """

    connections: Connections
    session: "Callable[[], SparkSession] | None"

    def source(self) -> EventReader:
        """Where new and replayed events are read."""
        lake, kafka, settings = (
            self.connections.lake,
            self.connections.kafka,
            self.connections.settings,
        )
        if self.session is None:
            return LocalReader(lake, kafka, settings)
        from podrec_assets.pipelines.listening.spark_reader import SparkReader

        return SparkReader(self.session, lake, kafka.bootstrap, settings)

    def daily_score(self, days: list[date]) -> pa.Table:
        """USER_VS_EPISODE_DAILY rows of the given event days, ordered by key.

        Raises:
            MissingPartitionError: the log is not landed up to the last of the days.
        """
        lake, settings = self.connections.lake, self.connections.settings
        latest = lake.state(USER_EVENTS.name).latest_day
        if latest is None or latest < days[-1]:
            raise MissingPartitionError(
                f"user_events has never been written for {days[-1]}: "
                f"run `podrec run --select user_events --days {days[-1]}` first."
            )
        sql = daily_score_sql(settings)
        listed = ", ".join(f"DATE '{d}'" for d in days)
        condition = f"event_day IN ({listed})"
        if self.session is None:
            found = duckdb.query(sql, {"events": lake.read(USER_EVENTS.name, condition)})
        else:
            self._events(condition).createOrReplaceTempView("events")
            found = self.session().sql(sql).toArrow()
        names = USER_VS_EPISODE_DAILY.schema.names
        return (
            found.select(names)
            .cast(USER_VS_EPISODE_DAILY.schema)
            .sort_by([(n, "ascending") for n in names[:3]])
        )

    def _events(self, condition: str) -> "DataFrame":
        """Raw events for Spark. On an object store deltalake reads them: Spark would need that
        store's client on every worker.
        """
        assert self.session is not None
        session, lake = self.session(), self.connections.lake
        if lake.is_remote:
            return session.createDataFrame(lake.read(USER_EVENTS.name, condition))
        return spark.read(session, lake.uri(USER_EVENTS.name), USER_EVENTS).where(condition)

    def warm_up(self) -> None:
        """Starts what takes long to start, so that a measurement need not count it."""
        if self.session is not None:
            self.session().range(1).count()

    def fit_als(self, matrix: csr_matrix, config: AlsConfig) -> Factors:
        """ALS factors of a users x items matrix of damped scores, of no higher rank than the matrix
        bears.
        """
        config = replace(config, rank=bounded_rank(config.rank, matrix))
        if self.session is None:
            return implicit.fit(matrix, config)
        return spark_als.fit(self.session(), matrix, config)


def build_engine(connections: Connections, resource: "SparkResource") -> ComputeEngine:
    """The engine that PODREC_ENGINE names."""
    if connections.settings.engine == "local":
        return ComputeEngine(connections, None)
    return ComputeEngine(connections, lambda: resource.session(connections.settings))
