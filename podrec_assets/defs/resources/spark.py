"""The Spark session of a run: dagster-pyspark's lazy resource with podrec's Java and jars."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from dagster_pyspark import LazyPySparkResource
from pyspark.sql import SparkSession

from podrec_assets.services import jars, java
from podrec_assets.settings import Settings
from podrec_assets.stores.spark import session as spark


class SparkResource(LazyPySparkResource):
    """Starts a JVM at the first use of the session, and stops it at the end of the run."""

    @classmethod
    def from_settings(cls, settings: Settings) -> "SparkResource":
        """The resource; the UI shows the Spark master. Java and jars are found at the first use."""
        return cls(spark_config={"spark.master": settings.spark_master})

    @contextmanager
    def yield_for_execution(self, _context: dg.InitResourceContext) -> Iterator["SparkResource"]:
        yield self
        self.stop()

    def stop(self) -> None:
        """Ends the session, if there is one; the next use starts another."""
        if self._spark_session is not None:
            self._spark_session.stop()
            self._spark_session = None

    def session(self, settings: Settings) -> SparkSession:
        """The run's session, started at the first call."""
        if self._spark_session is None:
            self._spark_session = spark.get_session(
                settings, java.java_home(settings), jars.ensure_jars(settings, "spark"), "podrec"
            )
        return self._spark_session
