"""Configuration of Spark sessions on a cluster: the driver's address, podrec's code on workers."""

import os
import zipfile
from pathlib import Path

import podrec_assets
from podrec_assets.errors import SettingsError
from podrec_assets.settings import Settings

LOOPBACK = "127.0.0.1"


def is_cluster(settings: Settings) -> bool:
    """Whether executors run outside this process."""
    return not settings.spark_master.startswith("local")


def cluster_config(settings: Settings) -> dict[str, str]:
    """Returns the configuration of a session whose executors run on other machines.

    podrec's code is sent with the session; its requirements must be installed on the workers.

    Raises:
        SettingsError: the lake is a folder that the workers are not known to share. Each worker
            would write to its own disk.
    """
    if "://" not in settings.lake_root and not settings.lake_is_shared:
        raise SettingsError(
            f"PODREC_SPARK_MASTER={settings.spark_master} cannot write to the folder "
            f"{settings.lake_root}: put PODREC_LAKE on object storage, or set "
            "PODREC_LAKE_IS_SHARED=true if every worker mounts that folder."
        )
    config = {
        "spark.executor.memory": settings.spark_executor_memory,
        "spark.executor.cores": str(settings.spark_executor_cores),
        "spark.submit.pyFiles": str(_package(settings.home)),
    }
    if settings.spark_driver_host:
        config["spark.driver.host"] = settings.spark_driver_host
        is_local = settings.spark_driver_host == LOOPBACK
        config["spark.driver.bindAddress"] = LOOPBACK if is_local else "0.0.0.0"  # noqa: S104
    if settings.spark_python:
        config["spark.pyspark.python"] = settings.spark_python
    return config


def _package(home: Path) -> Path:
    """Zips podrec's package for one session, so that workers never run another version's code."""
    top = Path(podrec_assets.__path__[0])
    target = home / "spark" / f"podrec_assets-{os.getpid()}.zip"
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(top.rglob("*.py")):
            packed.write(file, Path(top.name) / file.relative_to(top))
    return target
