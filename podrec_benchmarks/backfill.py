"""`make bench-backfill`: a backfill of 60 days through the real daemon, killed in the middle.

Prints runs, slowest steps and peak memory; fails if a partition is missing afterwards.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.execution.stats import RunStepKeyStatsSnapshot

from podrec_assets.cli.backfill import report, request_backfill
from podrec_assets.cli.run import EVERY_DAY, materialize
from podrec_assets.day_windows import days_between
from podrec_assets.defs.dagster_internals import BACKFILL_ENDED, BACKFILL_SUCCEEDED
from podrec_assets.defs.freshness import DEADLINES
from podrec_assets.defs.instance import open_instance, set_pool_limits
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.feed_ingest import ingest_feeds
from podrec_assets.pipelines.listening.event_simulation import simulate_events
from podrec_assets.sample_world import library
from podrec_assets.schemas import TABLES
from podrec_assets.services import jars, process, supervisor
from podrec_assets.settings import Settings
from podrec_benchmarks.daemon import Daemon, resident_mb, running

MAX_RUNS, MAX_MB = 8, 6 * 1024
RETRIED = "dagster/retry_number"
SLOWEST = 10
"""Number of steps to print."""


def main() -> None:
    """Runs the benchmark on a temporary home and prints the results."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--days", type=int, default=60)
    options.add_argument("--users", type=int, default=100)
    options.add_argument("--engine", choices=["spark", "local"], default="spark")
    options.add_argument("--no-kill", action="store_true", help="do not kill the daemon")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="podrec-backfill-") as folder:
        settings = Settings.load(
            home=Path(folder), lake="", mongo_uri="", kafka_bootstrap="", engine=given.engine
        )
        try:
            measure(settings, given.days, given.users, not given.no_kill)
        finally:
            supervisor.down(settings)


def measure(settings: Settings, day_count: int, users: int, kill: bool) -> None:
    """Fills the topics, backfills all days, and asserts the limits."""
    today = datetime.now(UTC).date()
    first = today - timedelta(days=day_count - 1)
    connections = prepare(settings, first, today, day_count, users)
    began = time.monotonic()
    with open_instance(settings) as instance:
        backfill = request_backfill(settings, instance, EVERY_DAY, first, today)
        with running(settings) as daemon:
            if kill:
                kill_in_the_middle(instance, backfill, daemon)
            status = wait(instance, backfill)
        records = backfill_records(instance, backfill)
        days = days_between(first, today)
        lost = {name: missing(instance, connections, name, days) for name in DEADLINES}
        print_runs(records)
        print_steps(instance, records)
    states = [
        process.read_state(settings.home / "services" / f"{name}.json")
        for name in ("kafka", "mongo")
    ]
    services = sum(resident_mb(state.pid) for state in states if state)
    retries = [r for r in records if RETRIED in r.dagster_run.tags]
    run_count = len(records) - len(retries)
    seconds = time.monotonic() - began
    print(
        f"{day_count} days in {seconds:.0f} s: {status.lower()}, {run_count} runs, "
        f"{len(retries)} retries"
    )
    print(f"peak memory: daemon and runs {daemon.peak_mb:.0f} MB, services {services:.0f} MB")
    assert status == BACKFILL_SUCCEEDED, status
    assert not any(lost.values()), lost
    assert run_count <= MAX_RUNS
    assert daemon.peak_mb + services < MAX_MB


def prepare(settings: Settings, first: date, last: date, days: int, users: int) -> Connections:
    """Starts services with the sample world's episodes and simulated listening in their topics."""
    jars.ensure_all(settings, print)
    supervisor.up(settings, print)
    set_pool_limits(settings)
    connections = Connections(settings, {})
    connections.kafka.ensure_topic(settings.episodes_topic, 1)
    connections.kafka.ensure_topic(settings.events_topic, settings.kafka_partitions)
    base = supervisor.address(settings, "samples")
    now = datetime.now(UTC)
    ingest_feeds(
        connections, [f"{base}/feeds/{show.slug}.xml" for show in library.load()], True, now
    )
    document = materialize(settings, "episodes", first, last)
    assert document["success"], document["errors"]
    simulate_events(connections, days, users, 7, now)
    return connections


def kill_in_the_middle(instance: dg.DagsterInstance, backfill: str, daemon: Daemon) -> None:
    """Kills the daemon and its runs once the daily scores are done, and starts it again."""
    while "user_vs_episode_daily" not in {
        s.step_key for s in steps_of(instance, backfill_records(instance, backfill)) if s.end_time
    }:
        time.sleep(0.5)
    daemon.kill()
    print(f"killed with runs {report(instance, backfill)['runs']}")
    daemon.start()


def backfill_records(instance: dg.DagsterInstance, backfill: str) -> Sequence[dg.RunRecord]:
    """Returns the runs of a backfill, in order."""
    return instance.get_run_records(
        dg.RunsFilter(tags={"dagster/backfill": backfill}), ascending=True
    )


def steps_of(
    instance: dg.DagsterInstance, records: Sequence[dg.RunRecord]
) -> list[RunStepKeyStatsSnapshot]:
    """Returns the steps of runs that have started."""
    return [
        step
        for record in records
        for step in instance.get_run_step_stats(record.dagster_run.run_id)
    ]


def wait(instance: dg.DagsterInstance, backfill: str, seconds: float = 3600) -> str:
    """Waits for the end of a backfill and returns its status."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status = report(instance, backfill)["status"]
        if status in BACKFILL_ENDED:
            return status
        time.sleep(2)
    raise TimeoutError(
        f"the backfill has not ended after {seconds} s: {report(instance, backfill)}"
    )


def missing(
    instance: dg.DagsterInstance, connections: Connections, name: str, days: list[date]
) -> list[date]:
    """Returns days without a materialization, or missing in the table.

    Collections are only checked in Dagster: their old days are pruned by design.
    """
    materialized = set(instance.get_materialized_partitions(dg.AssetKey(name)))
    written = connections.lake.state(name).days if name in TABLES else set(days)
    return [d for d in days if str(d) not in materialized or d not in written]


def print_runs(records: Sequence[dg.RunRecord]) -> None:
    """Prints a line for each run: seconds, state, assets."""
    for record in records:
        run = record.dagster_run
        seconds = (record.end_time or 0) - (record.start_time or 0)
        names = ", ".join(sorted(k.to_user_string() for k in run.asset_selection or []))
        print(f"  {seconds:6.0f} s  {run.status.value.lower():<8} {names}")


def print_steps(instance: dg.DagsterInstance, records: Sequence[dg.RunRecord]) -> None:
    """Prints a line for each of the slowest steps: seconds, name."""
    ended = [step for step in steps_of(instance, records) if step.end_time]
    took = {step.step_key: (step.end_time or 0) - (step.start_time or 0) for step in ended}
    for name, seconds in sorted(took.items(), key=lambda s: -s[1])[:SLOWEST]:
        print(f"  {seconds:6.0f} s  {name}")


if __name__ == "__main__":
    main()
