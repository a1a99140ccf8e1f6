"""A small world through Dagster on real Kafka, Delta and Mongo: planted listeners get planted lists, and nothing is lost."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from podrec_assets.cli import health
from podrec_assets.cli.feeds import ingest_feeds
from podrec_assets.cli.graph import materialize
from podrec_assets.cli.listeners import to_message
from podrec_assets.errors import UnknownIdError
from podrec_assets.resources.connections import Connections
from podrec_assets.services import jars, process, supervisor
from podrec_assets.serving.publishing import publish_day
from podrec_assets.serving.reader import neighbours, recommendations
from podrec_assets.serving.trace import trace
from podrec_assets.settings import Settings

pytestmark = pytest.mark.services
FACTS = "transcripts vectors user_vs_episode_daily dead_letters"
MODELS = "als_top_n similarities fusion_weights final_recommendations publication recommendation_quality"
DAYS = 4


@pytest.fixture(scope="module")
def today() -> date:
    return datetime.now(UTC).date()


@pytest.fixture(scope="module", params=["local", "spark"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, today: date) -> Iterator[Connections]:
    """The sample feeds and planted listeners, run through the graph on one engine."""
    settings = Settings(home=tmp_path_factory.mktemp(request.param), engine=request.param)
    jars.ensure_all(settings, print)
    supervisor.up(settings, print)
    connections = Connections(settings, {})
    try:
        base = supervisor.address(settings, "samples")
        connections.kafka.ensure_topic(settings.events_topic, 2)
        feeds = [f"{base}/feeds/{slug}.xml" for slug in ("tidewater", "crumb", "nightsky")]
        ingest_feeds(connections, feeds, True, datetime.now(UTC))
        run_all(connections, "episodes", first_episode_day(connections, today), today)
        connections.kafka.produce(settings.events_topic, [to_message(line) for line in planted(connections, today)])
        fill(connections, today)
        yield connections
    finally:
        supervisor.down(settings)


def first_episode_day(connections: Connections, today: date) -> date:
    return connections.kafka.first_record_days(connections.settings.episodes_topic, {0: 0}).get(0, today)


def run_all(connections: Connections, select: str, first: date, last: date) -> None:
    document = materialize(connections.settings, select, first, last)
    assert document["success"], document["errors"]


def fill(connections: Connections, today: date) -> None:
    run_all(connections, "user_events", today - timedelta(days=DAYS - 1), today)
    run_all(connections, "transcripts vectors", connections.lake.state("episodes").first_day or today, today)
    run_all(connections, "user_vs_episode_daily dead_letters", today - timedelta(days=DAYS - 1), today)
    run_all(connections, MODELS, today - timedelta(days=1), today)


def by_show(connections: Connections) -> dict[str, list[str]]:
    rows = connections.lake.read("episodes", columns=("episode_id", "show_title", "published_at")).to_pylist()
    shows: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda r: r["published_at"]):
        shows.setdefault(row["show_title"], []).append(row["episode_id"])
    return shows


def planted(connections: Connections, today: date) -> list[bytes]:
    """Ten listeners finish all of a show but its last episode; the planted one has heard only its first half."""
    shows = by_show(connections)
    start = datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(days=DAYS - 1)
    lines, n = [], 0
    for show in ("Tidewater", "Crumb"):
        for listener in range(10):
            heard = shows[show][:3] if listener == 0 else shows[show]
            for episode in heard:
                n += 1
                at = start + timedelta(minutes=7 * n)
                lines.append(event(f"{show}-{listener}", episode, at, f"id-{n}"))
    lines.append(lines[0])
    lines += [b"this is no JSON", b'{"schema": 1, "event_id": "x", "user_id": "u"}']
    return lines


def event(user: str, episode: str, at: datetime, event_id: str) -> bytes:
    return json.dumps(
        {
            "schema": 1,
            "event_id": event_id,
            "user_id": user,
            "episode_id": episode,
            "kind": "play",
            "completed_share": 0.95,
            "occurred_at": at.isoformat(),
            "recorded_at": at.isoformat(),
        }
    ).encode()


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
    letters = [r for r in world.lake.read("dead_letters").to_pylist() if r["stage"] == "user_events"]
    assert produced == len(rows) + len(letters)
    assert sorted(r["reason"] for r in letters) == ["missing_field", "not_json"]
    places = {(r["kafka_partition"], r["kafka_offset"]) for r in [*rows.to_pylist(), *letters]}
    assert len(places) == produced


def test_an_event_delivered_twice_counts_once(world: Connections) -> None:
    daily = world.lake.read("user_vs_episode_daily").to_pylist()
    assert {r["score"] for r in daily} == {3.0}
    assert {r["play_count"] for r in daily} == {1}


def test_neighbours_are_of_the_same_show_and_an_unknown_episode_is_refused(world: Connections) -> None:
    shows = by_show(world)
    first = neighbours(world, shows["Crumb"][0], 3)["items"]
    assert sum(i["episode_id"] in shows["Crumb"] for i in first) >= 2
    with pytest.raises(UnknownIdError, match="is unknown; known: e"):
        neighbours(world, "e-none", 3)


def test_running_everything_again_changes_no_row(world: Connections, today: date) -> None:
    before = contents(world)
    fill(world, today)
    assert contents(world) == before


def test_a_lost_checkpoint_and_a_killed_broker_change_no_row(world: Connections, today: date) -> None:
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
    document = health.report(world)
    assert document["tables"]["episodes"]["rows"] == 18
    assert document["topics"][world.settings.events_topic]["lag"] == 0
    assert document["publication"]["day"] == str(today)
    assert document["dead_letters"] == {"missing_field": 1, "not_json": 1}


def contents(world: Connections) -> dict:
    """All rows of all tables and the served lists, in order."""
    tables = {
        n: sorted(world.lake.read(n).to_pylist(), key=str)
        for n in (
            "episodes",
            "transcripts",
            "vectors",
            "user_events",
            "user_vs_episode_daily",
            "fusion_weights",
            "recommendation_quality",
            "dead_letters",
        )
    }
    published = world.mongo.publication()
    assert published is not None
    return tables | {n: world.mongo.documents(n, v) for n, v in published.versions.items()}


def test_a_trace_leads_from_an_item_to_exactly_the_planted_events(world: Connections) -> None:
    shows = by_show(world)
    item = recommendations(world, "Crumb-0", 1)["items"][0]
    found = trace(world, "Crumb-0", item["episode_id"])
    heard = set(found["evidence"]["causes"].values())
    assert heard
    assert heard <= set(shows["Crumb"][:3])
    planted_events = [
        r for r in world.lake.read("user_events").to_pylist() if r["user_id"] == "Crumb-0" and r["episode_id"] in heard
    ]
    assert [(e["topic"], e["partition"], e["offset"], e["event_id"]) for e in found["events"]] == [
        (r["kafka_topic"], r["kafka_partition"], r["kafka_offset"], r["event_id"])
        for r in sorted(planted_events, key=lambda r: r["occurred_at"])
    ]
    assert {e["weight"] for e in found["events"]} == {3.0}
    assert sum(r["score"] for r in found["evidence"]["daily_rows"]) == 3.0 * len(found["events"])
    assert found["inputs"]["user_vs_episode_daily"]["delta_version"] is not None
    with pytest.raises(UnknownIdError, match="is not in the list of 'Crumb-0'; in it: e"):
        trace(world, "Crumb-0", "e-none")


def test_an_older_day_can_be_served_again_and_a_day_without_lists_is_refused(world: Connections, today: date) -> None:
    before = world.mongo.publication()
    yesterday = today - timedelta(days=1)
    assert publish_day(world, yesterday).day == yesterday
    assert recommendations(world, "Crumb-0", 1)["day"] == str(yesterday)
    assert publish_day(world, today).versions == before.versions  # type: ignore[union-attr]
    with pytest.raises(UnknownIdError, match=f"has no complete versions; known: {today}"):
        publish_day(world, today - timedelta(days=30))
