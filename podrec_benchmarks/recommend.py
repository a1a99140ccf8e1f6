"""Time and memory of an ALS fit with each engine, and of the lists from its factors, at two sizes.

Run with `make bench-recommend` on Linux. Synthetic listening: a catalogue of fixed size, listeners
in proportion to the interactions, a few very popular episodes. Every figure comes from a separate
process; JVM start and a first small fit, which loads the engine's code, are not counted.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als import reference
from podrec_assets.recommend.als.factors import AlsConfig, damped
from podrec_assets.recommend.als.top_n import top_n
from podrec_assets.recommend.interactions import Interactions
from podrec_assets.services import jars
from podrec_assets.settings import Settings
from podrec_benchmarks.measuring import alone, opened, peak_mb

SIZES = (100_000, 1_000_000)
EPISODES, EACH, TASTES = 10_000, 50, 40
CONFIG = AlsConfig(rank=64, regularization=0.1, alpha=1.0, iterations=10, seed=7)
ENGINES = ("oracle", "local", "spark")
SMALL = 2_000
LISTED = 50


@dataclass(frozen=True)
class Measure:
    """Seconds of the fit and of the lists (0 if not measured), and peak memory with children."""

    fit_s: float
    lists_s: float
    peak_mb: float


def planted(interactions: int) -> csr_matrix:
    """Returns damped scores: EACH plays a listener, mostly of one taste, skewed to popular ones."""
    random = np.random.default_rng(7)
    users = np.repeat(np.arange(interactions // EACH), EACH)
    ranks = (EPISODES // TASTES * random.random(len(users)) ** 2).astype(np.int64)
    taste = np.where(
        random.random(len(users)) < 0.8, users % TASTES, random.integers(0, TASTES, len(users))
    )
    matrix = csr_matrix(
        (random.integers(1, 4, len(users)), (users, ranks * TASTES + taste)),
        shape=(users[-1] + 1, EPISODES),
    )
    matrix.sum_duplicates()
    return csr_matrix((damped(matrix.data), matrix.indices, matrix.indptr), shape=matrix.shape)


def history_of(matrix: csr_matrix) -> Interactions:
    """Returns the plays as `interactions` would, all of them heard."""
    users, items = (
        [f"{kind}{n:07}" for n in range(size)]
        for kind, size in zip("ue", matrix.shape, strict=True)
    )
    rows = np.split(matrix.indices, matrix.indptr[1:-1])
    seen = {user: {items[j] for j in row} for user, row in zip(users, rows, strict=True)}
    return Interactions(users, items, matrix, seen, {u: set() for u in users}, {}, {})


def measure(home: Path, engine: str, interactions: int) -> Measure:
    """Measures one engine at one size; lists are made only from the local engine's factors."""
    matrix = planted(interactions)
    if engine == "oracle":
        begun = time.perf_counter()
        reference.fit(matrix, CONFIG)
        return Measure(time.perf_counter() - begun, 0.0, peak_mb())
    with opened(Settings.load(home=home / engine, engine=engine)) as running:
        running.fit_als(planted(SMALL), replace(CONFIG, iterations=1))
        begun = time.perf_counter()
        factors = running.fit_als(matrix, CONFIG)
        fitted = time.perf_counter()
        if engine == "local":
            for _ in top_n(factors, history_of(matrix), CONFIG, LISTED):
                pass
        return Measure(
            fitted - begun, time.perf_counter() - fitted if engine == "local" else 0.0, peak_mb()
        )


def print_measures(measures: dict[tuple[str, int], Measure], console: Console) -> None:
    """Prints a line for each engine and size, then how costs grow with size."""
    table = Table(
        "ALS fit", "interactions", "seconds", "of Spark's", "µs an interaction", "peak MB", box=None
    )
    for (engine, size), m in measures.items():
        spark = measures["spark", size].fit_s
        table.add_row(
            engine,
            f"{size:,}",
            f"{m.fit_s:.1f}",
            f"{m.fit_s / spark:.3f}",
            f"{1e6 * m.fit_s / size:.1f}",
            f"{m.peak_mb:,.0f}",
        )
    console.print(table)
    small, large = SIZES
    for engine in ENGINES:
        grown = measures[engine, large].fit_s / large / (measures[engine, small].fit_s / small)
        console.print(
            f"{engine}: an interaction costs {grown:.2f} times as much at {large:,} as at {small:,}"
        )
    lists = [measures["local", size].lists_s for size in SIZES]
    for size, seconds in zip(SIZES, lists, strict=True):
        listeners = size // EACH
        console.print(
            f"lists of {LISTED} with reasons: {seconds:.1f} s for {listeners:,} listeners and "
            f"{EPISODES:,} episodes, {1e3 * seconds / listeners:.2f} ms a listener"
        )
    console.print(
        f"lists: a listener costs {lists[1] / large / (lists[0] / small):.2f} times as much"
    )


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"rank {CONFIG.rank}, {CONFIG.iterations} iterations, {EPISODES:,} episodes, "
        f"{EACH} plays a listener"
    )
    with tempfile.TemporaryDirectory(prefix="podrec-bench-") as home:
        jars.ensure_all(Settings.load(home=Path(home)), lambda _: None)
        steps = [(engine, size) for engine in ENGINES for size in SIZES]
        print_measures({step: alone(measure, Path(home), *step) for step in steps}, console)


if __name__ == "__main__":
    main()
