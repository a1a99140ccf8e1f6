"""A trace returns exactly the planted events; without one event, list and trace change."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from podrec_assets.cli.run import materialize
from podrec_assets.errors import UnknownIdError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import LISTS, USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.serving.provenance import trace
from podrec_assets.serving.reader import recommendations, served_list
from podrec_assets.settings import Settings
from podrec_assets.stores.kafka import Message
from podrec_assets_tests.pipelines.listening.event_log import at, event
from podrec_assets_tests.recommend.ranking.arms import third_arm
from podrec_assets_tests.serving.planted import DAYS, EPISODES_EACH, add_episodes, run

pytestmark = pytest.mark.services
ANN = ("ann-first", "ann-second", "ann-like")


def planted(without: str = "") -> list[Message]:
    """Returns the log: fans of each show play most of it; ann played a0 and a1 and liked a1.

    It also has a duplicate, an impression, and an event id that two listeners use.
    """
    numbers = iter(range(1000))
    log = [
        play(
            f"id-{next(numbers)}",
            f"{taste}-{fan}",
            f"{taste}{(fan + n) % EPISODES_EACH}",
            4,
            1 + fan,
        )
        for taste in "ab"
        for fan in range(6)
        for n in range(6)
    ]
    log += [
        play("ann-first", "ann", "a0", 3, 8),
        play("ann-first", "ann", "a0", 3, 9),
        play("ann-second", "a-0", "a0", 2, 7),
        play("ann-second", "ann", "a1", 2, 8),
        play("ann-like", "ann", "a1", 2, 9, kind="like"),
        play("ann-shown", "ann", "a1", 2, 10, kind="impression"),
    ]
    # One partition keeps the log in this order.
    return [m for m in log if not without or f'"{without}"'.encode() not in (m.value or b"")]


def play(
    event_id: str, user: str, episode: str, days_ago: int, hour: float, kind: str = "play"
) -> Message:
    return event(0, at(days_ago, hour), user=user, event_id=event_id, episode_id=episode, kind=kind)


World = Callable[[str], Connections]


@pytest.fixture(scope="module")
def traced(
    tmp_path_factory: pytest.TempPathFactory, mongo_uri: str, kafka_bootstrap: str, today: date
) -> World:
    """Returns a function that runs everything on the planted log without one event."""

    def make(without: str) -> Connections:
        name = f"traced-{uuid.uuid4().hex[:8]}"
        settings = Settings(
            home=tmp_path_factory.mktemp("traced"), engine="local", per_show_cap=10,
            kafka_bootstrap=kafka_bootstrap, mongo_uri=mongo_uri,  # type: ignore[arg-type]
            mongo_database=name, events_topic=name,
        )  # fmt: skip
        connections = Connections(settings, {})
        connections.kafka.ensure_topic(name, 1)
        connections.kafka.produce(name, planted(without))
        first = today - timedelta(days=DAYS - 1)
        add_episodes(connections, first, [f"{t}{n}" for t in "ab" for n in range(EPISODES_EACH)])
        for select in ("user_events", "user_vs_episode_daily"):
            assert materialize(settings, select, first, today)["success"]
        document = run(connections, today)
        assert document["success"], document["errors"]
        return connections

    return make


@pytest.fixture(scope="module")
def world(traced: World) -> Connections:
    return traced("")


def best(connections: Connections) -> str:
    return recommendations(connections, "ann", 1)["items"][0]["episode_id"]


def events_of(connections: Connections, *ids: str) -> list[tuple]:
    """Returns topic, partition, offset, id and time of ann's first record of each id."""
    rows = sorted(
        connections.lake.read(USER_EVENTS.name).to_pylist(), key=lambda r: r["kafka_offset"]
    )
    first = {i: next(r for r in rows if (r["user_id"], r["event_id"]) == ("ann", i)) for i in ids}
    return [
        (
            r["kafka_topic"],
            r["kafka_partition"],
            r["kafka_offset"],
            r["event_id"],
            r["occurred_at"].isoformat(),
        )
        for r in first.values()
    ]


def places(found: dict) -> list[tuple]:
    return [
        (e["topic"], e["partition"], e["offset"], e["event_id"], e["occurred_at"])
        for e in found["events"]
    ]


def test_the_events_are_exactly_the_planted_ones_with_offset_time_and_weight(
    world: Connections,
) -> None:
    found = trace(world, "ann", best(world))
    assert places(found) == events_of(world, *ANN)
    assert [(e["episode_id"], e["kind"], e["weight"]) for e in found["events"]] == [
        ("a0", "play", 3.0), ("a1", "play", 3.0), ("a1", "like", 2.0),
    ]  # fmt: skip


def test_the_daily_rows_are_listed_and_add_up(world: Connections) -> None:
    items = served_list(world, "ann")[2]
    of_content = next(i["episode_id"] for i in items if i["als"] > 0 and "content" in i["causes"])
    found = trace(world, "ann", of_content)["evidence"]
    assert [(r["episode_id"], r["score"], r["adds_up"]) for r in found["daily_rows"]] == [
        ("a0", 3.0, True),
        ("a1", 5.0, True),
    ]
    assert [(h["episode_id"], h["arms"]) for h in found["heard"]] == [
        ("a0", ["als", "content"]),
        ("a1", ["als", "content"]),
    ]
    assert set(found["causes"].values()) == {
        h["episode_id"] for h in found["heard"] if h["is_named"]
    }
    assert found["passages"]["there_text"].startswith("aaaa topic a")
    assert found["is_as_made"]


def test_a_list_made_before_an_arm_was_added_is_read_and_traced_as_before(
    world: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, traced = recommendations(world, "ann", 20)["items"], trace(world, "ann", best(world))
    third_arm.register(monkeypatch, weight=0.5)
    assert recommendations(world, "ann", 20)["items"] == [i | {"third_score": 0.0} for i in listed]
    assert trace(world, "ann", best(world)) == traced


def test_the_trace_asks_every_arm_for_its_heard_episodes(
    world: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(third_arm.ThirdArm, "score_field", "score")
    third_arm.register(monkeypatch, weight=0.5)
    heard = trace(world, "ann", best(world))["evidence"]["heard"]
    assert {h["episode_id"] for h in heard if "third" in h["arms"]} == {"a0", "a1"}


def test_runs_inputs_and_gate_belong_to_the_served_versions(
    world: Connections, today: date
) -> None:
    found = trace(world, "ann", best(world))
    pointer = world.mongo.publication()
    assert pointer
    assert {r["collection"]: r["version"] for r in found["runs"]} == pointer.versions
    assert {r["run_id"][:8] for r in found["runs"]} == {pointer.versions[LISTS].partition(".")[2]}
    assert {t: i["delta_version"] for t, i in found["inputs"].items()} == {
        t: world.lake.version(t) for t in found["inputs"]
    }
    assert found["inputs"]["user_vs_episode_daily"]["days"] == [
        str(today - timedelta(days=89)),
        str(today),
    ]
    assert found["publication"] | {"gate": None} == {
        "day": str(today), "version": pointer.versions[LISTS], "move_count": 1, "gate": None,
    }  # fmt: skip
    assert found["publication"]["gate"]["passed"]
    assert found["settings"]["weight_like"] == 2.0


def test_an_item_of_a_listener_without_history_has_no_events(world: Connections) -> None:
    item = recommendations(world, "nobody", 1)["items"][0]["episode_id"]
    found = trace(world, "nobody", item)
    assert (found["user_id"], found["events"], found["evidence"]["daily_rows"]) == ("", [], [])
    with pytest.raises(UnknownIdError, match="'e-none' is not in the list of 'ann'; it has: "):
        trace(world, "ann", "e-none")


def test_later_changes_of_the_tables_do_not_change_the_trace(
    world: Connections, today: date
) -> None:
    item = best(world)
    before = trace(world, "ann", item)
    day = today - timedelta(days=2)
    rows = world.lake.read_days(USER_VS_EPISODE_DAILY.name, [day])
    world.lake.replace_days(USER_VS_EPISODE_DAILY, rows.slice(0, 0), [day])
    assert trace(world, "ann", item) == before


def test_without_one_event_list_and_trace_change(world: Connections, traced: World) -> None:
    other = traced("ann-second")
    assert places(trace(other, "ann", best(other))) == events_of(other, "ann-first", "ann-like")
    lists = [recommendations(w, "ann", 20)["items"] for w in (world, other)]
    assert lists[0] != lists[1]
