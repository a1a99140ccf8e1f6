"""A fortnight without intervention, on simulated time; on two days a service is down."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import dagster as dg
import pytest
from pydantic import SecretStr

from podrec_assets.day_windows import days_between
from podrec_assets.defs.freshness import FACTS, MODELS
from podrec_assets.pipelines.content.feed_ingest import ingest_feeds
from podrec_assets.pipelines.listening.event_simulation import simulate_events
from podrec_assets.recommend.evaluation import plots
from podrec_assets.services import supervisor
from podrec_assets.settings import Settings
from podrec_assets_tests.e2e.simulated_deployment import SimulatedDeployment

pytestmark = pytest.mark.services
DAYS = 14
ASSETS = (*(name for name in FACTS if name != "sources"), *MODELS)
"""Everything but the feeds' states: nobody polls here, the announcements of all days are in the
topic.
"""
TODAY = datetime.now(UTC).date()
FIRST, LAST = TODAY - timedelta(days=DAYS), TODAY - timedelta(days=1)
BROKER_DOWN, MONGO_DOWN = FIRST + timedelta(days=5), FIRST + timedelta(days=9)


def at(day: date, hour: int, minute: int) -> datetime:
    return datetime.combine(day, time(hour, minute, 7), UTC)


@pytest.fixture
def deployment(
    service_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SimulatedDeployment]:
    """Both topics hold a fortnight whose records bear its days; nothing is landed."""
    # The plots took a tenth of the time; they have tests of their own.
    monkeypatch.setattr(plots, "_markdown", lambda figure, name: name)
    samples = supervisor.address(service_settings, "samples")
    settings = service_settings.model_copy(
        update={
            "home": tmp_path,
            "kafka_bootstrap": supervisor.address(service_settings, "kafka"),
            "mongo_uri": SecretStr(supervisor.address(service_settings, "mongo")),
            "mongo_database": "fortnight",
            "episodes_topic": "fortnight-episodes",
            "events_topic": "fortnight-events",
            "fetch_allow": samples.removeprefix("http://"),
            "asr_engine": "none",
        }
    )
    # In memory: a hundred and fifty events a run cost seconds in SQLite files.
    with dg.DagsterInstance.ephemeral() as instance:
        found = SimulatedDeployment(settings, instance, at(FIRST, 0, 1))
        kafka = found.connections.kafka
        kafka.ensure_topic(settings.episodes_topic, 1)
        feeds = [f"{samples}/feeds/{slug}.xml" for slug in ("tidewater", "crumb", "nightsky")]
        ingest_feeds(found.connections, feeds, True, at(TODAY, 0, 0))
        found.tick(at(FIRST, 0, 1))
        simulate_events(found.connections, DAYS, 8, 7, at(LAST, 23, 59))
        yield found


def test_every_partition_is_there_at_the_end_and_freshness_is_right_each_day(
    deployment: SimulatedDeployment,
) -> None:
    up = deployment.connections.settings
    no_broker = up.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    no_mongo = up.model_copy(update={"mongo_uri": SecretStr("mongodb://127.0.0.1:1")})
    red: dict[date, set[str]] = {}
    for day in days_between(FIRST + timedelta(days=1), TODAY):
        deployment.connections.settings = {BROKER_DOWN: no_broker, MONGO_DOWN: no_mongo}.get(
            day, up
        )
        deployment.tick(at(day, 0, 31))
        deployment.tick(at(day, 3, 1))
        badges = deployment.freshness(at(day, 6, 1))
        red[day] = {name for name in ASSETS if badges[name] == "FAIL"}
        if day == MONGO_DOWN:
            deployment.connections.settings = up
            deployment.tick(at(day, 8, 1))
            assert deployment.freshness(at(day, 8, 30))["final_recommendations"] == "PASS"

    days = {str(d) for d in days_between(FIRST, LAST)}
    failed = [run for run in deployment.runs if run.errors]
    assert {
        name: gaps for name in ASSETS if (gaps := sorted(days - deployment.made(name)))
    } == {}, failed
    # What needs no landing is made; models of listening wait, for the day before could not be
    # closed.
    assert red.pop(BROKER_DOWN) == {"episodes", "user_events", "user_vs_episode_daily", *MODELS} - {
        "similarities"
    }
    assert red.pop(MONGO_DOWN) == set(MODELS)
    assert {day: names for day, names in red.items() if names} == {}
    print(f"{len(deployment.runs)} runs in {DAYS} days, {len(failed)} failed")  # noqa: T201
    # A landing of each topic, the facts and the models of a day; more only where something was late
    # or failed.
    assert len(deployment.runs) <= 7 * DAYS
    assert {run.at.date() for run in failed} == {MONGO_DOWN}
