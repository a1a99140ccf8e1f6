"""The sensor of due feeds: requests polls that are due, and each day's partition once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from podrec_assets.defs.partitions import days_of_tags
from podrec_assets.defs.sensors.due_sources import POLLS, due_sources
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.sources_table import FollowedFeeds
from podrec_assets.settings import Settings
from podrec_assets_tests.defs.dagster_internals import SensorExecutionData

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TODAY = NOW.date()
URL = "https://show.example/feed.xml"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as opened:
        yield opened


@pytest.fixture
def connections(settings: Settings) -> Connections:
    return Connections(settings, {}, lambda: NOW)


def tick(connections: Connections, instance: dg.DagsterInstance) -> SensorExecutionData:
    with dg.build_sensor_context(
        instance=instance, resources={"connections": connections}
    ) as context:
        return due_sources.evaluate_tick(context)


def report(instance: dg.DagsterInstance, *days_ago: int) -> None:
    for n in days_ago:
        day = TODAY - timedelta(days=n)
        instance.report_runless_asset_event(
            dg.AssetMaterialization("sources", partition=day.isoformat())
        )


def requested(result: SensorExecutionData) -> tuple[date, date] | None:
    (request,) = result.run_requests or []
    assert request.asset_selection == [dg.AssetKey("sources")]
    assert request.tags[POLLS] == "sources"
    return days_of_tags(request.tags)


def test_a_due_feed_is_polled_today(connections: Connections, instance: dg.DagsterInstance) -> None:
    FollowedFeeds(connections.lake).add([URL], NOW)
    report(instance, 0)
    assert requested(tick(connections, instance)) == (TODAY, TODAY)


def test_a_feed_that_is_not_due_waits(
    connections: Connections, instance: dg.DagsterInstance
) -> None:
    FollowedFeeds(connections.lake).add([URL], NOW + timedelta(minutes=30))
    report(instance, 0)
    assert tick(connections, instance).skip_message == "no feed is due before 12:30 UTC"


def test_each_day_is_requested_once_even_without_followed_feeds(
    connections: Connections, instance: dg.DagsterInstance
) -> None:
    assert requested(tick(connections, instance)) == (TODAY, TODAY)
    report(instance, 0)
    assert tick(connections, instance).skip_message == "no feed is followed"


def test_days_without_a_run_are_requested_together(
    connections: Connections, instance: dg.DagsterInstance
) -> None:
    FollowedFeeds(connections.lake).add([URL], NOW - timedelta(days=3))
    report(instance, 3)
    assert requested(tick(connections, instance)) == (TODAY - timedelta(days=2), TODAY)


def test_nothing_is_requested_while_a_poll_is_in_progress(
    connections: Connections, instance: dg.DagsterInstance
) -> None:
    FollowedFeeds(connections.lake).add([URL], NOW)
    instance.add_run(
        dg.DagsterRun("job", tags={POLLS: "sources"}, status=dg.DagsterRunStatus.STARTED)
    )
    assert tick(connections, instance).skip_message == "a poll is in progress"
