"""The Spark session of a run: dagster-pyspark's lazy resource, on podrec's Java and jars, stopped
at the end of the run.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from dagster_pyspark import LazyPySparkResource
from pyspark.sql import SparkSession

from podrec_assets.services import jars, java
from podrec_assets.settings import Settings
from podrec_assets.stores.spark import session as spark


class SparkResource(LazyPySparkResource):
    """Starts a JVM when the session is first used, and not before: a run without Spark work never
    pays for one.
    """

    @classmethod
    def from_settings(cls, settings: Settings) -> "SparkResource":
        """The resource with the session's configuration visible in the UI. Jars and Java are looked
        up on first use.
        """
        return cls(spark_config={"spark.master": settings.spark_master})

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["SparkResource"]:
        yield self
        self.stop()

    def stop(self) -> None:
        """Ends the session, if there is one; the next use makes a new one."""
        if self._spark_session is not None:
            self._spark_session.stop()
            self._spark_session = None

    def session(self, settings: Settings) -> SparkSession:
        """The run's session."""
        if self._spark_session is None:
            self._spark_session = spark.get_session(
                settings, java.java_home(settings), jars.ensure_jars(settings, "spark"), "podrec"
            )
        return self._spark_session
