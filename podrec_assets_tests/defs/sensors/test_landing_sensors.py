"""The offset and late-event sensors on a real broker: what they request, report and skip."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from podrec_assets.definitions import build_defs
from podrec_assets.defs.partitions import days_of_tags
from podrec_assets.defs.sensors.late_events import REFRESHES
from podrec_assets.defs.sensors.offsets import LANDS
from podrec_assets.ledger.lateness import COMPUTED_FROM
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening.event_landing import EventLanding
from podrec_assets.pipelines.listening.local_reader import LocalReader
from podrec_assets.pipelines.listening.stream_lock import stream_lock
from podrec_assets.schemas import USER_VS_EPISODE_DAILY
from podrec_assets.settings import Settings
from podrec_assets.stores.kafka import Message
from podrec_assets_tests.defs.dagster_internals import SensorExecutionData
from podrec_assets_tests.pipelines.listening.event_log import at, event

pytestmark = pytest.mark.services
TODAY = datetime.now(UTC).date()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as opened:
        yield opened


@pytest.fixture
def connections(
    settings: Settings, kafka_bootstrap: str, request: pytest.FixtureRequest
) -> Connections:
    opened = Connections(
        settings.model_copy(
            update={"kafka_bootstrap": kafka_bootstrap, "events_topic": request.node.name}
        ),
        {},
    )
    opened.kafka.ensure_topic(opened.settings.events_topic, 1)
    return opened


def tick(
    connections: Connections, instance: dg.DagsterInstance, cursor: str | None = None
) -> SensorExecutionData:
    sensor = build_defs(connections.settings).resolve_sensor_def("user_events_offsets")
    with dg.build_sensor_context(
        instance=instance, resources={"connections": connections}, cursor=cursor
    ) as context:
        return sensor.evaluate_tick(context)


def produce(connections: Connections, *days: date) -> None:
    stamps = [int(datetime(d.year, d.month, d.day, tzinfo=UTC).timestamp() * 1000) for d in days]
    connections.kafka.produce(
        connections.settings.events_topic, [Message(None, b"{}", s) for s in stamps]
    )


def land(connections: Connections) -> None:
    source = LocalReader(connections.lake, connections.kafka, connections.settings)
    EventLanding(
        connections.lake, connections.kafka, connections.settings, TODAY, source
    ).land_new()


def test_new_records_request_one_run_for_their_days_and_report_the_topic(
    connections: Connections, instance: dg.DagsterInstance
) -> None:
    produce(connections, TODAY - timedelta(days=3), TODAY - timedelta(days=1))
    result = tick(connections, instance)
    (request,) = result.run_requests or []
    assert days_of_tags(request.tags) == (TODAY - timedelta(days=3), TODAY)
    assert request.run_key == f"{connections.settings.events_topic}:p0=0-2"
    (event,) = result.asset_events
    assert isinstance(event, dg.AssetMaterialization)
    assert event.asset_key == dg.AssetKey("user_events_topic")
    assert {k: v.value for k, v in event.metadata.items()} == {
        "end_offsets": {"0": 2},
        "lag": 2,
        "record_count": 2,
    }
    assert event.tags == {"dagster/data_version": "0:2"}
    assert tick(connections, instance, result.cursor).asset_events == []


def test_landed_records_are_not_requested_and_later_ones_only_from_their_day_on(
    connections: Connections, instance: dg.DagsterInstance
) -> None:
    produce(connections, TODAY)
    land(connections)
    assert "everything is landed" in str(tick(connections, instance).skip_message)
    produce(connections, TODAY - timedelta(days=5), TODAY)
    (request,) = tick(connections, instance).run_requests or []
    assert days_of_tags(request.tags) == (TODAY, TODAY)
    assert str(request.run_key).endswith(":p0=1-3")


def test_days_without_records_are_requested_too(
    connections: Connections, instance: dg.DagsterInstance
) -> None:
    produce(connections, TODAY - timedelta(days=3))
    land(connections)
    (request,) = tick(connections, instance).run_requests or []
    assert days_of_tags(request.tags) == (TODAY - timedelta(days=2), TODAY)
    assert str(request.run_key).endswith(f":day:{TODAY}")


def test_nothing_is_requested_while_a_landing_run_is_in_progress(
    connections: Connections, instance: dg.DagsterInstance
) -> None:
    produce(connections, TODAY)
    instance.add_run(
        dg.DagsterRun("job", tags={LANDS: "user_events"}, status=dg.DagsterRunStatus.STARTED)
    )
    result = tick(connections, instance)
    assert not result.run_requests
    assert result.skip_message == "landing user_events is in progress"


def test_a_tick_is_skipped_while_the_broker_is_down(
    connections: Connections, instance: dg.DagsterInstance
) -> None:
    connections.settings = connections.settings.model_copy(
        update={"kafka_bootstrap": "127.0.0.1:1"}
    )
    result = tick(connections, instance, '{"0": 1}')
    assert not result.run_requests
    assert "does not answer" in str(result.skip_message)
    assert result.cursor == '{"0": 1}'


def test_events_are_not_requested_while_podrec_stream_lands_them(
    connections: Connections, instance: dg.DagsterInstance
) -> None:
    produce(connections, TODAY)
    with stream_lock(connections.lake):
        result = tick(connections, instance)
    assert result.skip_message == "podrec stream lands these events"
    assert tick(connections, instance).run_requests


def test_a_late_event_requests_exactly_the_day_that_was_computed_without_it(
    connections: Connections, instance: dg.DagsterInstance
) -> None:
    late, on_time = TODAY - timedelta(days=6), TODAY - timedelta(days=2)
    connections.kafka.produce(
        connections.settings.events_topic, [event(1, at(2)), event(2, at(2), at(6))]
    )
    land(connections)
    compute(connections, instance, on_time, {"0": 1})
    compute(connections, instance, late, {"0": 1})
    (request,) = late_tick(connections, instance).run_requests or []
    assert days_of_tags(request.tags) == (late, late)
    assert request.asset_selection == [dg.AssetKey("user_vs_episode_daily")]
    compute(connections, instance, late, {"0": 2})
    assert late_tick(connections, instance).skip_message == "no day waits for late events"


def test_late_days_wait_while_a_refresh_is_in_progress(
    connections: Connections, instance: dg.DagsterInstance
) -> None:
    connections.kafka.produce(connections.settings.events_topic, [event(1, at(1), at(6))])
    land(connections)
    instance.add_run(
        dg.DagsterRun(
            "job", tags={REFRESHES: "user_vs_episode_daily"}, status=dg.DagsterRunStatus.STARTED
        )
    )
    assert late_tick(connections, instance).skip_message == "a refresh is in progress"


def late_tick(connections: Connections, instance: dg.DagsterInstance) -> SensorExecutionData:
    sensor = build_defs(connections.settings).resolve_sensor_def("late_events")
    with dg.build_sensor_context(
        instance=instance, resources={"connections": connections}
    ) as context:
        return sensor.evaluate_tick(context)


def compute(
    connections: Connections, instance: dg.DagsterInstance, day: date, offsets: dict[str, int]
) -> None:
    connections.lake.replace_days(USER_VS_EPISODE_DAILY, USER_VS_EPISODE_DAILY.rows([]), {day})
    metadata = {COMPUTED_FROM: offsets}
    instance.report_runless_asset_event(
        dg.AssetMaterialization("user_vs_episode_daily", partition=str(day), metadata=metadata)
    )
