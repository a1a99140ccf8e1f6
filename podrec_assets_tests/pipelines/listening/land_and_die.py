"""A landing in its own process, which kills itself or another process at a given point.

Arguments: home bootstrap topic engine point [process id].
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import SparkSession

from podrec_assets.pipelines.listening.event_landing import EventLanding
from podrec_assets.pipelines.listening.spark_reader import SparkReader
from podrec_assets.services import jars, java
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.spark import session as spark
from podrec_assets_tests.pipelines.listening.event_log import TODAY, World, local_world

POINTS = ("between letters and rows", "after rows")
"""Where the driver dies. Before the letters nothing is written, which is a landing that begins."""


def spark_world(world: World) -> World:
    """Returns the same world on the Spark engine."""
    settings = world.settings

    def session() -> SparkSession:
        return spark.get_session(
            settings, java.java_home(settings), jars.ensure_jars(settings, "spark"), "fault"
        )

    reader = SparkReader(session, world.lake, world.kafka.bootstrap, settings)
    landing = lambda: EventLanding(world.lake, world.kafka, settings, TODAY, reader)  # noqa: E731
    return World(settings, world.lake, world.kafka, landing)


def die_at(point: str, victim: int) -> None:
    """Kills the process `victim` in the second batch: between or after its commits."""
    calls: list[int] = []
    for owner, name in ((Lake, "append"), (spark, "append")):
        real = getattr(owner, name)
        setattr(owner, name, _dying(real, calls, victim, after=point == "after rows"))


def _dying(real: Callable, calls: list[int], victim: int, after: bool) -> Callable:
    def wrapped(*args: object, **kwargs: object) -> object:
        calls.append(1)
        if len(calls) == 2 and not after:
            os.kill(victim, signal.SIGKILL)
        found = real(*args, **kwargs)
        if len(calls) == 2 and after:
            os.kill(victim, signal.SIGKILL)
        return found

    return wrapped


def main() -> None:
    home, bootstrap, topic, engine, point, *victim = sys.argv[1:]
    world = local_world(Settings(home=Path(home), spark_master="local[2]"), bootstrap, topic)
    if point:
        die_at(point, int(victim[0]) if victim else os.getpid())
    (spark_world(world) if engine == "spark" else world).land()


if __name__ == "__main__":
    main()
