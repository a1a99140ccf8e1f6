"""What benchmarks share: a step in a process of its own, its peak memory, and an engine whose JVM
already runs.
"""

import multiprocessing
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from podrec_assets.pipelines.compute_engine import ComputeEngine
from podrec_assets.services import jars, java
from podrec_assets.settings import Settings

Result = TypeVar("Result")


@contextmanager
def opened(settings: Settings) -> Iterator[ComputeEngine]:
    """The engine that the settings name, its JVM running."""
    if settings.engine == "local":
        yield ComputeEngine(None)
        return
    from podrec_assets.stores.spark.session import get_session

    session = get_session(
        settings, java.java_home(settings), jars.ensure_jars(settings, "spark"), "bench"
    )
    try:
        yield ComputeEngine(lambda: session)
    finally:
        session.stop()


def peak_mb() -> float:
    """Peak resident memory of this process and of its living descendants (a JVM, its Python
    workers) added up, in MB.

    Not ru_maxrss: that begins with what the parent process had, and knows nothing of a child that
    still runs.
    """
    return _peak_kb(os.getpid()) / 1024


def _peak_kb(pid: int) -> int:
    process = Path(f"/proc/{pid}")
    own = re.search(r"VmHWM:\s+(\d+)", (process / "status").read_text())
    children = [
        int(child)
        for thread in process.glob("task/*/children")
        for child in thread.read_text().split()
    ]
    return (int(own[1]) if own else 0) + sum(_peak_kb(child) for child in children)


def alone(step: Callable[..., Result], *arguments: object) -> Result:
    """The result of a step in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(step, *arguments).result()
