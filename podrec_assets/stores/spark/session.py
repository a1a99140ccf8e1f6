"""The Spark session, and Spark's writes to Delta."""

import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from podrec_assets.schemas import Table
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import TABLE_PROPERTIES, on_days
from podrec_assets.stores.spark.cluster import LOOPBACK, cluster_config, is_cluster

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameWriter, SparkSession

LOGGING = Path(__file__).with_name("log4j2.properties")
CORES = os.cpu_count() or 2


def session_config(settings: Settings, jars_dir: Path) -> dict[str, str]:
    """Returns a session's configuration; `spark.jars` must be set before the JVM starts."""
    config = {
        "spark.master": settings.spark_master,
        "spark.jars": ",".join(str(p) for p in sorted(jars_dir.glob("*.jar"))),
        "spark.driver.memory": "1g",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.shuffle.partitions": str(CORES),
        "spark.default.parallelism": str(CORES),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.driver.extraJavaOptions": " ".join(
            [
                "-Ddelta.log.cacheSize=3",
                "-Duser.timezone=UTC",
                f"-Dlog4j2.configurationFile={LOGGING.as_uri()}",
            ]
        ),
        # Spark's default, and the options with Kafka's login and key.
        "spark.redaction.regex": "(?i)secret|password|token|access[.]?key|jaas|keystore[.]key",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.streaming.metricsEnabled": "false",
        "spark.sql.warehouse.dir": str(settings.home / "spark-warehouse"),
    }
    if is_cluster(settings):
        return config | cluster_config(settings)
    return config | {"spark.driver.host": LOOPBACK, "spark.driver.bindAddress": LOOPBACK}


def get_session(
    settings: Settings, java_home: Path, jars_dir: Path, app_name: str
) -> "SparkSession":
    """Returns the process's session; the first call starts a JVM, which takes about 7 s."""
    from pyspark.sql import SparkSession

    os.environ["JAVA_HOME"] = str(java_home)
    if not is_cluster(settings):
        os.environ["SPARK_LOCAL_IP"] = LOOPBACK
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    builder = SparkSession.builder.appName(app_name)
    for key, value in session_config(settings, jars_dir).items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def read(session: "SparkSession", uri: str, spec: Table) -> "DataFrame":
    """Reads a table with every declared column; columns not yet on disk are null."""
    from pyspark.sql import functions
    from pyspark.sql.pandas.types import from_arrow_schema

    frame = session.read.format("delta").load(uri)
    absent = [f for f in from_arrow_schema(spec.schema).fields if f.name not in frame.columns]
    return frame.withColumns({f.name: functions.lit(None).cast(f.dataType) for f in absent})


def append(frame: "DataFrame", uri: str, user_metadata: str) -> None:
    """Appends rows, partitioned by day, in one commit with `user_metadata`."""
    _writer(frame, user_metadata).mode("append").save(uri)


def replace_days(frame: "DataFrame", uri: str, days: list[date], user_metadata: str) -> None:
    """Replaces all rows of the days in one commit.

    Raises:
        AnalysisException: a row is on another day.
    """
    writer = _writer(frame, user_metadata).mode("overwrite")
    writer.option("replaceWhere", on_days(days)).save(uri)


def _writer(frame: "DataFrame", user_metadata: str) -> "DataFrameWriter":
    writer = frame.write.format("delta").partitionBy("day").option("userMetadata", user_metadata)
    for key, value in TABLE_PROPERTIES.items():
        writer = writer.option(key, value)
    return writer
