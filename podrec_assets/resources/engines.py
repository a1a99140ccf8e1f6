"""The two engines behind the listening assets: Spark, or one process without a JVM. Same inputs, same outputs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
from scipy.sparse import csr_matrix

from podrec_assets.errors import MissingPartitionError
from podrec_assets.listening.daily import daily_score_sql
from podrec_assets.recommend.als import Factors
from podrec_assets.resources.connections import Connections
from podrec_assets.resources.landing import Source
from podrec_assets.resources.local_source import LocalSource
from podrec_assets.schemas import USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.stores import duck

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from podrec_assets.resources.spark import SparkResource


@dataclass(frozen=True)
class Engine:
    """What runs the heavy steps.

    Attributes:
        connections: stores of the run.
        stream: makes the Spark session; None for the one-process engine.
    """

    connections: Connections
    stream: "Callable[[], SparkSession] | None"

    def source(self) -> Source:
        """Where new and replayed events are read."""
        lake, kafka, settings = self.connections.lake, self.connections.kafka, self.connections.settings
        if self.stream is None:
            return LocalSource(lake, kafka, settings)
        from podrec_assets.resources.spark_source import SparkSource

        return SparkSource(self.stream, lake, kafka.bootstrap, settings)

    def daily_score(self, days: list[date]) -> pa.Table:
        """USER_VS_EPISODE_DAILY rows of the given event days, ordered by key.

        Raises:
            MissingPartitionError: the log is not landed up to the last of the days.
        """
        lake, settings = self.connections.lake, self.connections.settings
        latest = lake.state(USER_EVENTS.name).latest_day
        if latest is None or latest < days[-1]:
            raise MissingPartitionError(
                f"user_events has never been written for {days[-1]}: run `podrec run --select user_events --days {days[-1]}..{days[-1]}` first."
            )
        sql = daily_score_sql(settings)
        condition = f"event_day IN ({', '.join(f'DATE {chr(39)}{d}{chr(39)}' for d in days)})"
        if self.stream is None:
            found = duck.query(sql, {"events": lake.read(USER_EVENTS.name, condition)})
        else:
            session = self.stream()
            session.read.format("delta").load(lake.uri(USER_EVENTS.name)).where(condition).createOrReplaceTempView("events")
            found = session.sql(sql).toArrow()
        names = USER_VS_EPISODE_DAILY.schema.names
        return found.select(names).cast(USER_VS_EPISODE_DAILY.schema).sort_by([(n, "ascending") for n in names[:3]])

    def fit_als(self, matrix: csr_matrix) -> Factors:
        """ALS factors of a users x items matrix of damped scores."""
        s = self.connections.settings
        if self.stream is None:
            from podrec_assets.recommend.implicit_als import fit

            return fit(matrix, s.als_rank, s.als_regularization, s.als_alpha, s.als_iterations, s.seed)
        from podrec_assets.recommend.spark_als import fit_spark

        return fit_spark(self.stream(), matrix, s.als_rank, s.als_regularization, s.als_alpha, s.als_iterations, s.seed)


def build_engine(connections: Connections, spark: "SparkResource") -> Engine:
    """The engine that PODREC_ENGINE names."""
    if connections.settings.engine == "local":
        return Engine(connections, None)
    return Engine(connections, lambda: spark.session(connections.settings))
