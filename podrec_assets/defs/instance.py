"""The Dagster instance that the commands, the UI and the daemon share.

Its dagster.yaml is DAGSTER_HOME's, as in the containers, or else the one at the top of the checkout
with state under PODREC_HOME.
"""

import os
from datetime import datetime
from pathlib import Path

import dagster as dg

from podrec_assets.errors import SetupError
from podrec_assets.schemas import COLLECTIONS, TABLES
from podrec_assets.settings import Settings

TOP = Path(__file__).resolve().parents[2]
DEVICES = {"asr_cpu": 1, "asr_gpu": 1, "spark": 1}
"""Pools of what computes long: ASR by device, and models that are fitted by Spark."""
POOL_LIMITS = DEVICES | {f"write_{name}": 1 for name in (*TABLES, *COLLECTIONS, "publication")}
"""One writer a table: the pool keeps a second run from waiting on the table's lock inside a
process. `transcripts` waits for the device that ASR computes on instead, what fits models for
`spark`; their writes are short, or versions of their own.
"""
SILENCE_S = 120
"""Seconds without a sign of life after which a daemon counts as gone; it gives one every 30."""


def instance_environment(settings: Settings) -> dict[str, str]:
    """Variables that make a Dagster process use this home's instance; the checkout's dagster.yaml
    takes its folders from them.
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
    """The folder of the dagster.yaml that counts. Raises SetupError where there is none."""
    named = os.environ.get("DAGSTER_HOME")
    for folder in (Path(named) if named else TOP, TOP):
        if (folder / "dagster.yaml").is_file():
            return folder.absolute()
    raise SetupError(
        f"dagster.yaml is not in {TOP}; run podrec from a checkout installed with `make setup`, or set DAGSTER_HOME."
    )


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The persistent instance. Raises SetupError where there is no dagster.yaml."""
    for name, value in instance_environment(settings).items():
        os.environ[name] = value
        if name.startswith("DAGSTER_PODREC"):
            Path(value).mkdir(parents=True, exist_ok=True)
    return dg.DagsterInstance.get()


def daemon_is_running(instance: dg.DagsterInstance, now: datetime) -> bool:
    """Whether some daemon of the instance has given a sign of life lately."""
    return daemon_silence_s(instance, now) < SILENCE_S


def daemon_silence_s(instance: dg.DagsterInstance, now: datetime) -> float:
    """Seconds since the last sign of life of any daemon of the instance; infinite where there never
    was one.
    """
    beats = instance.get_daemon_heartbeats().values()
    return now.timestamp() - max((beat.timestamp for beat in beats), default=float("-inf"))


def set_pool_limits(settings: Settings) -> None:
    """Writes the pool limits into the instance; dagster.yaml has a field for the default only."""
    with open_instance(settings) as instance:
        for pool, limit in POOL_LIMITS.items():
            instance.event_log_storage.set_concurrency_slots(pool, limit)
