"""Dead letters go through parsing again exactly once, wherever a redrive is killed."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from podrec_assets.pipelines.content.episode_landing import land_episodes
from podrec_assets.pipelines.listening.event_recovery import accounts_of
from podrec_assets.pipelines.operations.redrive import Redriven, redrive
from podrec_assets.settings import Settings
from podrec_assets.stores.kafka import KafkaStore, Message
from podrec_assets_tests.pipelines.listening.event_log import (
    TODAY,
    World,
    at,
    event,
    local_world,
    stamp,
)
from podrec_assets_tests.topics import topic_of

pytestmark = pytest.mark.services
REASON = "from_the_future"
SENT = 3


@pytest.fixture
def world(request: pytest.FixtureRequest, settings: Settings, kafka_bootstrap: str) -> World:
    """Returns a world with three events that were refused and would be taken today."""
    name = topic_of(request)
    found = local_world(settings, kafka_bootstrap, name, partitions=2)
    found.produce([event(n, at(3), at(1), user=f"u{n}") for n in range(SENT)])
    found.produce([event(9, at(2)), Message(b"", b"", stamp(at(2))), Message(b"", b"{", None)])
    found.land()
    assert [r["reason"] for r in found.letters()].count(REASON) == SENT
    return found


def run(world: World, reason: str = REASON, **options: object) -> Redriven:
    return redrive(world.lake, world.kafka, world.settings, reason, **options)  # type: ignore[arg-type]


def assert_landed_once(world: World) -> None:
    world.land()
    assert sorted(r["event_id"] for r in world.events()) == ["id-0", "id-1", "id-2", "id-9"]
    days = world.landing().ledger().days()
    assert [str(a) for a in accounts_of(world.lake, days) if a.missing_count] == []


def test_letters_become_rows_once_and_a_second_redrive_sends_nothing(world: World) -> None:
    assert run(world, is_dry_run=True) == Redriven({world.topic: SENT})
    assert run(world) == Redriven({world.topic: SENT})
    assert run(world) == Redriven({}, earlier_count=SENT)
    assert_landed_once(world)
    assert run(world) == Redriven({}, earlier_count=SENT)
    world.landing().run(world.landing().ledger().days())  # a replay keeps what was redriven
    assert run(world) == Redriven({}, earlier_count=SENT)
    assert_landed_once(world)


def test_a_redriven_record_names_its_origin_and_the_letter_names_the_record(world: World) -> None:
    run(world)
    letters = [r for r in world.letters() if r["reason"] == REASON]
    ends = {p: (0, end) for p, end in world.kafka.end_offsets(world.topic).items()}
    records = {
        f"{r.topic}:{r.partition}:{r.offset}:{world.kafka.topic_id(r.topic)}": r
        for part in world.kafka.read(world.topic, ends)
        for r in part
    }
    for letter in letters:
        record = records[letter["redriven_to"]]
        assert (record.key, record.value) == (
            json.loads(letter["payload"])["user_id"].encode(),
            letter["payload"],
        )
        assert dict(record.headers) == {
            "podrec-origin-topic": world.topic.encode(),
            "podrec-origin-partition": str(letter["kafka_partition"]).encode(),
            "podrec-origin-offset": str(letter["kafka_offset"]).encode(),
            "podrec-origin-topic-id": world.kafka.topic_id(world.topic).encode(),
        }


def before_producing(_: KafkaStore, topic: str, messages: list[Message]) -> None:
    raise OSError("killed")


def in_the_middle(store: KafkaStore, topic: str, messages: list[Message]) -> None:
    store.produce(topic, list(messages)[:2])
    raise OSError("killed")


def before_the_mark(store: KafkaStore, topic: str, messages: list[Message]) -> None:
    store.produce(topic, messages)
    raise OSError("killed")


@pytest.mark.parametrize("die", [before_producing, in_the_middle, before_the_mark])
def test_a_redrive_that_was_killed_is_finished_by_the_next_one(
    world: World, die: Callable[..., None]
) -> None:
    kafka = replace(world.kafka)
    kafka.produce = lambda topic, messages, within_s=0.0: die(world.kafka, topic, messages)  # type: ignore
    with pytest.raises(OSError, match="killed"):
        redrive(world.lake, kafka, world.settings, REASON)
    world.produce([event(9, at(2))])  # others go on; the id is a repetition
    run(world)
    assert run(world) == Redriven({}, earlier_count=SENT)
    world.land()
    ids = [r["event_id"] for r in world.events() if r["event_id"] != "id-9"]
    assert sorted(ids) == ["id-0", "id-1", "id-2"]


def test_what_cannot_be_sent_is_counted_by_why(world: World) -> None:
    world.produce([Message(b"", b"x" * 70_000, stamp(at(1)))])
    world.land()
    assert run(world, "oversized") == Redriven({}, cut_count=1)
    assert run(world, "empty") == Redriven({}, absent_count=1)
    assert run(world, "unheard of") == Redriven({})
    assert run(world, stage="episodes") == Redriven({})
    assert run(world, day=at(1).date()) == Redriven({})
    assert run(world, day=at(3).date(), is_dry_run=True) == Redriven({world.topic: SENT})


def test_a_record_that_is_refused_again_is_sent_again_only_on_demand(world: World) -> None:
    assert run(world, "not_json") == Redriven({world.topic: 1})
    world.land()
    assert run(world, "not_json") == Redriven({}, earlier_count=1, refused_again_count=1)
    again = run(world, "not_json", is_again=True)
    assert again == Redriven({world.topic: 1}, earlier_count=1)
    world.land()
    assert run(world, "not_json") == Redriven({}, earlier_count=2, refused_again_count=1)


def test_announcements_are_redriven_to_their_topic(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = f"{world.topic}-episodes"
    settings = world.settings.model_copy(update={"episodes_topic": topic})
    world.kafka.ensure_topic(topic, 1)
    message = {"schema": 2, "episode_id": "e", "show_id": "s", "title": "t", "feed_url": "u"}
    world.kafka.produce(topic, [Message(b"e", json.dumps(message).encode(), stamp(at(1)))])
    land_episodes(world.lake, world.kafka, settings, [TODAY], TODAY)
    done = redrive(world.lake, world.kafka, settings, "wrong_schema", stage="episodes")
    assert done == Redriven({topic: 1})
    monkeypatch.setattr("podrec_assets.content.feeds.episode_message.SCHEMA_VERSION", 2)
    land_episodes(world.lake, world.kafka, settings, [TODAY], TODAY)
    (row,) = world.lake.read("episodes").to_pylist()
    assert (row["episode_id"], row["kafka_offset"], row["day"]) == ("e", 1, TODAY)
    done = redrive(world.lake, world.kafka, settings, "wrong_schema")
    assert done == Redriven({}, earlier_count=1)
