"""Runs crash schedules: `python -m podrec_assets_tests.chaos --seeds 1000`, or `--seed 17`.

Prints each schedule that fails, and with --seed also one that does not. Exits 1 if any failed.
"""

import argparse
import gc
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from podrec_assets.services import supervisor
from podrec_assets.settings import Settings
from podrec_assets_tests.chaos import planted
from podrec_assets_tests.chaos.schedule import (
    Report,
    Undisturbed,
    run_schedule,
    run_undisturbed,
    warm_up,
)
from podrec_assets_tests.chaos.world import Services

AT_ONCE = 3 * (os.cpu_count() or 1)
"""Schedules at the same time: most of the time they wait for Kafka and Mongo."""


def main() -> None:
    options = _options()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    seeds = range(options.seeds) if options.seed is None else [options.seed]
    with (
        tempfile.TemporaryDirectory(prefix="podrec-chaos-") as folder,
        _services(options, Path(folder)) as services,
    ):
        found = _run(seeds, services, Path(folder), options)
    sys.exit(1 if found else 0)


def _run(
    seeds: range | list[int], services: Services, folder: Path, options: argparse.Namespace
) -> int:
    """Returns the number of schedules that failed."""
    begun_at = time.monotonic()
    warm_up()
    peace = run_undisturbed(services, folder)
    gc.disable()  # forks, which live for seconds, would copy what the collector touches
    done = failed = 0
    for report in _reports(seeds, services, folder, peace, options):
        done += 1
        failed += bool(report.faults)
        if report.faults or options.seed is not None:
            _show(report)
        if done % 100 == 0 and done < len(seeds):
            print(f"{done} schedules in {time.monotonic() - begun_at:.0f} s: {failed} failed")
        if failed and options.until_found:
            break
    seconds = time.monotonic() - begun_at
    print(f"{done} schedules over {len(peace.calls)} calls in {seconds:.0f} s: {failed} failed")
    return failed


def _reports(
    seeds: range | list[int],
    services: Services,
    folder: Path,
    peace: Undisturbed,
    options: argparse.Namespace,
) -> Iterator[Report]:
    """Yields the report of each seed, from as many processes as run at once."""
    fork = multiprocessing.get_context("fork")
    reports, is_over = fork.SimpleQueue(), fork.Event()

    def work(some: range | list[int]) -> None:
        for seed in some:
            if is_over.is_set():
                return
            try:
                report = run_schedule(seed, services, folder / f"{seed}", peace, options.plant)
            except Exception:
                report = Report(seed, faults=[traceback.format_exc()])
            reports.put(report)

    at_once = min(options.at_once, len(seeds))
    workers = [fork.Process(target=work, args=(seeds[n::at_once],)) for n in range(at_once)]
    for worker in workers:
        worker.start()
    try:
        for _ in seeds:
            yield reports.get()
    finally:
        is_over.set()
        for worker in workers:
            worker.join()


def _show(report: Report) -> None:
    print(f"seed {report.seed}, {report.seconds:.1f} s")
    for number, line in enumerate(report.lines, start=1):
        print(f"  process {number} {line}")
    for fault in report.faults:
        print(f"  FAULT {fault}")


@contextmanager
def _services(options: argparse.Namespace, folder: Path) -> Iterator[Services]:
    """The services of the given addresses, or embedded ones for the time of the run."""
    run = uuid.uuid4().hex[:8]
    if options.kafka and options.mongo:
        yield Services(options.kafka, options.mongo, run)
        return
    settings = Settings(home=folder / "services", engine="local")
    try:
        supervisor.up(settings, print)
        kafka, mongo = (supervisor.address(settings, name) for name in ("kafka", "mongo"))
        yield Services(kafka, mongo, run)
    finally:
        supervisor.down(settings)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m podrec_assets_tests.chaos")
    parser.add_argument("--seeds", type=int, default=1000, help="run the seeds 0 to SEEDS-1")
    parser.add_argument("--seed", type=int, help="run one seed and show its processes")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="schedules at the same time")
    parser.add_argument("--plant", choices=planted.BUGS, default="", help="bug to be found")
    parser.add_argument("--until-found", action="store_true", help="stop at the first failure")
    parser.add_argument("--kafka", help="host:port of a running Kafka; default: an embedded one")
    parser.add_argument("--mongo", help="URI of a running MongoDB; default: an embedded one")
    return parser.parse_args()


if __name__ == "__main__":
    main()
