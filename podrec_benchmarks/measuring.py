"""Shared by benchmarks: steps in separate processes, peak memory, engines with a running JVM."""

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
    """Yields the engine of the settings, with its JVM running."""
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
    """Returns the summed peak resident memory of this process and its descendants, in MB.

    ru_maxrss would start at the parent's peak, and ignore children that are still running.
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
    """Runs a step in a separate process and returns its result."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(step, *arguments).result()
