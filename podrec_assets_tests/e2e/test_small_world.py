"""A small world through Dagster on real stores: planted listeners get the expected lists."""

import os
import shutil
import signal
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from podrec_assets.cli import doctor, status
from podrec_assets.defs.instance import open_instance
from podrec_assets.errors import UnknownIdError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.services import process, supervisor
from podrec_assets.serving.provenance import trace
from podrec_assets.serving.reader import neighbours, recommendations
from podrec_assets.serving.rollback import publish_day
from podrec_assets_tests.e2e.small_world import DAYS, by_show, contents, fill, run_all

pytestmark = pytest.mark.services


def test_the_planted_listener_gets_the_other_half_of_the_show_first(world: Connections) -> None:
    shows = by_show(world)
    for show in ("Tidewater", "Crumb"):
        items = recommendations(world, f"{show}-0", 3)["items"]
        assert {i["episode_id"] for i in items} == set(shows[show][3:])
        assert all(i["reason"] for i in items)


def test_nothing_heard_is_recommended(world: Connections) -> None:
    shows = by_show(world)
    for listener in range(10):
        found = {i["episode_id"] for i in recommendations(world, f"Crumb-{listener}", 50)["items"]}
        heard = shows["Crumb"][:3] if listener == 0 else shows["Crumb"]
        assert found
        assert not found & set(heard)


def test_an_unknown_listener_gets_the_newcomers_list_marked_as_such(world: Connections) -> None:
    document = recommendations(world, "nobody-yet", 5)
    assert document["known"] is False
    assert len({i["show"] for i in document["items"][:3]}) == 3


def test_every_record_is_a_row_or_a_dead_letter(world: Connections) -> None:
    topic = world.settings.events_topic
    produced = sum(world.kafka.end_offsets(topic).values())
    rows = world.lake.read("user_events")
    letters = [
        r for r in world.lake.read("dead_letters").to_pylist() if r["stage"] == "user_events"
    ]
    assert produced == len(rows) + len(letters)
    assert sorted(r["reason"] for r in letters) == ["missing_field", "not_json"]
    places = {(r["kafka_partition"], r["kafka_offset"]) for r in [*rows.to_pylist(), *letters]}
    assert len(places) == produced


def test_an_event_delivered_twice_counts_once(world: Connections) -> None:
    daily = world.lake.read("user_vs_episode_daily").to_pylist()
    assert {r["score"] for r in daily} == {3.0}
    assert {r["play_count"] for r in daily} == {1}


def test_neighbours_are_of_the_same_show_and_an_unknown_episode_is_refused(
    world: Connections,
) -> None:
    shows = by_show(world)
    first = neighbours(world, shows["Crumb"][0], 3)["items"]
    assert sum(i["episode_id"] in shows["Crumb"] for i in first) >= 2
    with pytest.raises(UnknownIdError, match="is unknown; known: e"):
        neighbours(world, "e-none", 3)


def test_running_everything_again_changes_no_row(world: Connections, today: date) -> None:
    before = contents(world)
    fill(world, today)
    assert contents(world) == before


def test_a_lost_checkpoint_and_a_killed_broker_change_no_row(
    world: Connections, today: date
) -> None:
    before = contents(world)
    shutil.rmtree(Path(world.settings.home) / "checkpoints", ignore_errors=True)
    broker = process.read_state(Path(world.settings.home) / "services" / "kafka.json")
    assert broker is not None
    os.kill(broker.pid, signal.SIGKILL)
    assert process.wait_for(lambda: not broker.is_alive(), 10)
    supervisor.up(world.settings, print)
    run_all(world, "user_events", today - timedelta(days=DAYS - 1), today)
    assert contents(world) == before


def test_status_reports_what_is_there(world: Connections, today: date) -> None:
    document = status.report(world)
    assert document["tables"]["episodes"]["rows"] == 18
    assert document["topics"][world.settings.events_topic]["lag"] == 0
    assert document["publication"]["day"] == str(today)
    assert document["dead_letters"] == {"missing_field": 1, "not_json": 1}


def test_the_deep_doctor_finds_nothing(world: Connections) -> None:
    assert [f for f in doctor.verify(world, print) if not f.ok] == []


def test_a_trace_leads_from_an_item_to_exactly_the_planted_events(world: Connections) -> None:
    shows = by_show(world)
    item = recommendations(world, "Crumb-0", 1)["items"][0]
    found = trace(world, "Crumb-0", item["episode_id"])
    heard = {h["episode_id"] for h in found["evidence"]["heard"]}
    assert heard == set(shows["Crumb"][:3]) >= set(found["evidence"]["causes"].values()) > set()
    planted_events = [
        r for r in world.lake.read("user_events").to_pylist() if r["user_id"] == "Crumb-0"
    ]
    assert [(e["topic"], e["partition"], e["offset"], e["event_id"]) for e in found["events"]] == [
        (r["kafka_topic"], r["kafka_partition"], r["kafka_offset"], r["event_id"])
        for r in sorted(planted_events, key=lambda r: r["occurred_at"])
    ]
    assert {e["weight"] for e in found["events"]} == {3.0}
    assert sum(r["score"] for r in found["evidence"]["daily_rows"]) == 3.0 * len(found["events"])
    assert found["inputs"]["user_vs_episode_daily"]["delta_version"] is not None
    with pytest.raises(UnknownIdError, match="is not in the list of 'Crumb-0'; it has: e"):
        trace(world, "Crumb-0", "e-none")


def test_an_older_day_can_be_served_again_and_a_day_without_lists_is_refused(
    world: Connections, today: date
) -> None:
    before = world.mongo.publication()
    yesterday = today - timedelta(days=1)
    assert publish_day(world, yesterday).day == yesterday
    assert recommendations(world, "Crumb-0", 1)["day"] == str(yesterday)
    assert publish_day(world, today).versions == before.versions  # type: ignore[union-attr]
    with pytest.raises(UnknownIdError, match=f"has no complete versions: .* Known: {today}"):
        publish_day(world, today - timedelta(days=30))


def test_repeated_events_and_unknown_episodes_are_reported(world: Connections, today: date) -> None:
    days = [(today - timedelta(days=n)).isoformat() for n in range(DAYS)]
    with open_instance(world.settings) as instance:
        asset = dg.AssetKey("user_vs_episode_daily")
        records = instance.fetch_materializations(
            dg.AssetRecordsFilter(asset, asset_partitions=days), limit=DAYS
        ).records
        made = [r.asset_materialization for r in records if r.asset_materialization]
        assert len(made) == len(records)
        assert {m.metadata["repeated_event_count"].value for m in made} == {1}
        check = instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(asset, "episodes_are_known"), limit=1
        )[0]
    assert check.evaluation is not None
    assert check.evaluation.metadata["unknown_episode_count"].value == 0
