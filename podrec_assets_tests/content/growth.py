"""How the work of a function grows with its input, without a limit on its duration."""

import time
from collections.abc import Callable

FACTOR, MOST_RATIO = 8, 32.0
"""Eight times the input costs 8 times the CPU time if linear, 64 times if quadratic."""
ROUNDS = 3
RESOLUTION_S = 0.001
"""Shorter times are noise."""


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """Fails where `work(FACTOR * size)` costs over MOST_RATIO times the CPU of `work(size)`."""
    small, large = _cpu_s(work, size), _cpu_s(work, FACTOR * size)
    assert large / max(small, RESOLUTION_S) < MOST_RATIO, f"{small:.4f} s, then {large:.4f} s"


def _cpu_s(work: Callable[[int], object], size: int) -> float:
    """Returns the CPU seconds of the fastest round, which other processes disturb least."""
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work(size)
        times.append(time.process_time() - began)
    return min(times)
