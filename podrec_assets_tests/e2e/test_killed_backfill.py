"""A backfill through the real daemon: one run for all days, and it survives a killed daemon."""

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from pydantic import SecretStr

from podrec_assets.cli.backfill import report, request_backfill
from podrec_assets.day_windows import days_between
from podrec_assets.defs.dagster_internals import BACKFILL_SUCCEEDED
from podrec_assets.defs.instance import open_instance, set_pool_limits
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening.event_import import to_message
from podrec_assets.services import supervisor
from podrec_assets.settings import Settings
from podrec_assets_tests.e2e.small_world import event
from podrec_benchmarks.backfill import wait
from podrec_benchmarks.daemon import running

pytestmark = pytest.mark.services
DAYS = 12
SELECT = "user_events user_vs_episode_daily"
WAIT_S = 240


@pytest.fixture
def first(today: date) -> date:
    return today - timedelta(days=DAYS - 1)


@pytest.fixture
def connections(
    service_settings: Settings,
    tmp_path: Path,
    first: date,
    today: date,
    monkeypatch: pytest.MonkeyPatch,
) -> Connections:
    """Returns an empty home on the running services, with one event per day in the topic."""
    mongo = supervisor.address(service_settings, "mongo")
    shared = {
        "kafka_bootstrap": supervisor.address(service_settings, "kafka"),
        "events_topic": "killed-backfill",
    }
    settings = Settings(home=tmp_path, engine="local", mongo_uri=SecretStr(mongo), **shared)  # type: ignore[arg-type]
    for name, value in {
        **shared,
        "home": str(tmp_path),
        "mongo_uri": mongo,
        "engine": "local",
    }.items():
        monkeypatch.setenv(f"PODREC_{name.upper()}", value)
    found = Connections(settings, {})
    found.kafka.ensure_topic(settings.events_topic, 1)
    days = days_between(first, today)
    moments = [
        min(datetime(d.year, d.month, d.day, 12, tzinfo=UTC), datetime.now(UTC)) for d in days
    ]
    found.kafka.produce(
        settings.events_topic,
        [to_message(event("u", "e", at, f"id-{n}")) for n, at in enumerate(moments)],
    )
    set_pool_limits(settings)
    return found


def test_a_daemon_killed_in_the_middle_finishes_its_backfill_after_a_restart(
    connections: Connections, first: date, today: date
) -> None:
    days = days_between(first, today)
    with open_instance(connections.settings) as instance, running(connections.settings) as daemon:
        backfill = request_backfill(connections.settings, instance, SELECT, first, today)
        end = time.monotonic() + WAIT_S
        while "STARTED" not in report(instance, backfill)["runs"]:
            assert time.monotonic() < end, report(instance, backfill)
            time.sleep(0.1)
        daemon.kill()
        assert report(instance, backfill)["runs"] == {"STARTED": 1}, (
            "the killed run still counts as started"
        )
        daemon.start()
        assert wait(instance, backfill, WAIT_S) == BACKFILL_SUCCEEDED
        runs = report(instance, backfill)["runs"]
        assert runs == {"FAILURE": 1, "SUCCESS": 1}, "the killed run, and its retry of all days"
        assert all(
            str(d) in instance.get_materialized_partitions(dg.AssetKey("user_vs_episode_daily"))
            for d in days
        )
        slots = instance.event_log_storage.get_concurrency_info("write_user_vs_episode_daily")
        assert (slots.slot_count, slots.active_slot_count) == (1, 0)
    rows = connections.lake.read("user_vs_episode_daily").to_pylist()
    assert sorted(r["day"] for r in rows) == days
