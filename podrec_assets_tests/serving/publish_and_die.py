"""A publishing run in its own process that kills itself at a given point.

Arguments: home, mongo_uri, database, day, point.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

from pymongo.collection import Collection

from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import LISTS
from podrec_assets.settings import Settings
from podrec_assets.stores.mongo import bulk
from podrec_assets_tests.serving.planted import run

POINTS = (
    "in the bulk write",
    "after the write, before it is listed",
    "after it is listed, before the pointer moves",
)
_BEFORE = {
    POINTS[0]: ("bulk_write", LISTS, 2),
    POINTS[1]: ("replace_one", "versions", 1),
    POINTS[2]: ("replace_one", "publications", 1),
}


def die_at(point: str) -> None:
    """Kills this process before the point's driver call; small batches give a write several."""
    bulk.BATCH = 5
    method, collection, call = _BEFORE[point]
    setattr(Collection, method, _dying(getattr(Collection, method), collection, call))


def _dying(real: Callable, collection: str, call: int) -> Callable:
    calls: list[int] = []

    def wrapped(self: Collection, *args: object, **kwargs: object) -> object:
        if self.name == collection:
            calls.append(1)
            if len(calls) == call:
                os.kill(os.getpid(), signal.SIGKILL)
        return real(self, *args, **kwargs)

    return wrapped


def main() -> None:
    home, uri, database, day, point = sys.argv[1:]
    settings = Settings(
        home=Path(home),
        engine="local",
        mongo_uri=uri,
        mongo_database=database,
        kafka_bootstrap="127.0.0.1:1",
        per_show_cap=10,
    )  # type: ignore[arg-type]
    die_at(point)
    run(Connections(settings, {}), date.fromisoformat(day), f"{LISTS} publication")


if __name__ == "__main__":
    main()
