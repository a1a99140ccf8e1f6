"""Settings of what computes: the engine, the Spark session and the seed."""

from typing import Literal

from pydantic import BaseModel, Field

from podrec_assets.settings.fields import PLACE, RESULTS, SPEED


class ComputeSettings(BaseModel):
    """Compute and Spark."""

    engine: Literal["spark", "local"] = Field(
        "spark",
        description="Engine of landing, daily score and ALS: spark, or local without a JVM. Same "
        "tables, but ALS scores agree only approximately.",
        json_schema_extra=RESULTS,
    )
    compute: Literal["driver", "spark"] = Field(
        "driver",
        description="Where chunks are encoded and audio is transcribed: in the run's process or on "
        "its Spark workers.",
        json_schema_extra=SPEED,
    )
    seed: int = Field(
        7, ge=0, description="Seed of every random choice.", json_schema_extra=RESULTS
    )
    spark_master: str = Field(
        "local[*]",
        description="Spark master: local[N], spark://host:port, yarn, k8s://...",
        json_schema_extra=PLACE,
    )
    spark_driver_host: str = Field(
        "",
        description="Host name or address at which a cluster's executors reach the driver.",
        json_schema_extra=PLACE,
    )
    spark_python: str = Field(
        "",
        description="Python of a cluster's workers, with podrec's requirements installed. "
        "Default: the path of this process's Python.",
        json_schema_extra=PLACE,
    )
    spark_executor_memory: str = Field(
        "1g",
        pattern=r"^\d+[mg]$",
        description="Memory of one executor of a cluster.",
        json_schema_extra=SPEED,
    )
    spark_executor_cores: int = Field(
        1, ge=1, description="Cores of one executor of a cluster.", json_schema_extra=SPEED
    )
