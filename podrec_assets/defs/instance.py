"""The Dagster instance that the commands, the UI and the daemon share.

Its dagster.yaml is the one in DAGSTER_HOME, as in the containers, or else the one at the top of the
checkout, with state under PODREC_HOME.
"""

import os
from datetime import datetime
from pathlib import Path

import dagster as dg

from podrec_assets.defs.dagster_internals import last_heartbeat, set_pool_limit
from podrec_assets.errors import SetupError
from podrec_assets.schemas import COLLECTIONS, TABLES
from podrec_assets.settings import Settings

TOP = Path(__file__).resolve().parents[2]
COMPUTE_POOLS = {"asr_cpu": 1, "asr_gpu": 1, "spark": 1}
"""Pools of long computations: ASR by device, and models that Spark fits."""
POOL_LIMITS = COMPUTE_POOLS | {
    f"write_{name}": 1 for name in (*TABLES, *COLLECTIONS, "publication")
}
"""One writer per table, so that no run waits inside its process for the table's lock.

`transcripts` and the models that Spark fits use a compute pool instead, because a step can hold
only one. Their writes are short, or new versions.
"""
SILENCE_S = 120
"""Seconds without a heartbeat after which a daemon counts as gone; it sends one every 30."""


def instance_environment(settings: Settings) -> dict[str, str]:
    """Variables that make a Dagster process use the instance of this PODREC_HOME.

    The checkout's dagster.yaml reads its folders from them.
    """
    folder = settings.home / "dagster"
    return {
        "DAGSTER_HOME": str(dagster_home()),
        "PODREC_HOME": str(settings.home),
        "DAGSTER_PODREC_STORAGE": str(folder / "storage"),
        "DAGSTER_PODREC_ARTIFACTS": str(folder / "artifacts"),
        "DAGSTER_PODREC_LOGS": str(folder / "logs"),
    }


def dagster_home() -> Path:
    """The folder of the dagster.yaml in use. Raises SetupError if there is none."""
    named = os.environ.get("DAGSTER_HOME")
    for folder in (Path(named) if named else TOP, TOP):
        if (folder / "dagster.yaml").is_file():
            return folder.absolute()
    raise SetupError(
        f"dagster.yaml is not in {TOP}; run podrec from a checkout installed with `make setup`, "
        "or set DAGSTER_HOME."
    )


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The persistent instance. Raises SetupError if there is no dagster.yaml."""
    for name, value in instance_environment(settings).items():
        os.environ[name] = value
        if name.startswith("DAGSTER_PODREC"):
            Path(value).mkdir(parents=True, exist_ok=True)
    return dg.DagsterInstance.get()


def daemon_is_running(instance: dg.DagsterInstance, now: datetime) -> bool:
    """Whether any daemon of the instance has sent a heartbeat in the last SILENCE_S seconds."""
    return daemon_silence_s(instance, now) < SILENCE_S


def daemon_silence_s(instance: dg.DagsterInstance, now: datetime) -> float:
    """Seconds since the last heartbeat of any daemon; infinite if there never was one."""
    return now.timestamp() - last_heartbeat(instance)


def set_pool_limits(settings: Settings) -> None:
    """Writes POOL_LIMITS into the instance."""
    with open_instance(settings) as instance:
        for pool, limit in POOL_LIMITS.items():
            set_pool_limit(instance, pool, limit)
