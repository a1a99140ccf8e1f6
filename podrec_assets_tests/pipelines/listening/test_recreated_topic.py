"""A topic that was deleted and recreated, with the step of the runbook, on a real broker."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from podrec_assets.errors import DataLossError
from podrec_assets.ledger.ledger import Ledger
from podrec_assets.pipelines.content.episode_landing import land_episodes
from podrec_assets.pipelines.listening.event_recovery import accounts_of
from podrec_assets.schemas import DEAD_LETTERS, USER_EVENTS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import declared_columns
from podrec_assets.stores.kafka import Message
from podrec_assets_tests.pipelines.listening.event_log import (
    TODAY,
    World,
    at,
    event,
    local_world,
    stamp,
)

pytestmark = pytest.mark.services
JUNK = b"no JSON"


@pytest.fixture
def world(settings: Settings, kafka_bootstrap: str, tmp_path: Path) -> World:
    """Returns a world whose topic had five letters and a row, and was made anew."""
    found = local_world(settings, kafka_bootstrap, f"recreated-{tmp_path.name}", 1)
    found.produce([Message(b"", JUNK, stamp(at(3))) for _ in range(4)])
    found.produce([Message(b"", JUNK, stamp(at(1))), event(0, at(1))])
    found.land()
    recreate(found, found.topic)
    return found


def recreate(world: World, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": world.kafka.bootstrap})
    admin.delete_topics([topic])[topic].result(10)
    while world.kafka.partitions(topic):
        pass
    world.kafka.ensure_topic(topic, 1)


def start_over(world: World, table: str) -> None:
    """The step of docs/runbook.md: moves the table's folder out of the lake."""
    shutil.move(world.lake.uri(table), f"{world.lake.uri(table)}.old")


def missing(world: World) -> list[str]:
    days = [at(n).date() for n in range(5)]
    return [str(a) for a in accounts_of(world.lake, days) if a.missing_count]


def test_all_records_of_the_new_topic_land_and_old_letters_hide_none(world: World) -> None:
    world.produce([event(5, at(1)), Message(b"", JUNK, stamp(at(1))), event(6, at(1))])
    with pytest.raises(DataLossError, match="was recreated since it was last landed"):
        world.land()
    start_over(world, "user_events")
    old = world.letters()
    world.land()
    assert [r["event_id"] for r in world.events()] == ["id-5", "id-6"]
    new = [letter for letter in world.letters() if letter not in old]
    assert [(r["kafka_offset"], r["day"]) for r in new] == [(1, at(1).date())]
    assert len(world.letters()) == len(old) + 1 == 6
    assert missing(world) == []
    world.landing().run([at(3).date(), at(1).date()])  # one day has only letters of the old topic
    assert len(world.letters()) == 6
    assert missing(world) == []


def test_a_letter_at_the_place_of_an_old_one_on_the_same_day_lands(world: World) -> None:
    world.produce([Message(b"", JUNK, stamp(at(3))) for _ in range(2)])
    start_over(world, "user_events")
    world.land()
    keys = [r["source_key"] for r in world.letters() if r["day"] == at(3).date()]
    assert len(keys) == len(set(keys)) == 6
    assert missing(world) == []


def test_announcements_of_a_new_topic_replace_no_letters_of_the_old_one(world: World) -> None:
    topic = f"{world.topic}-episodes"
    settings = world.settings.model_copy(update={"episodes_topic": topic})
    world.kafka.ensure_topic(topic, 1)
    for _ in range(2):
        world.kafka.produce(topic, [Message(b"", JUNK, stamp(at(1)))])
        land_episodes(world.lake, world.kafka, settings, [at(1).date()], TODAY)
        recreate(world, topic)
        start_over(world, "episodes")
    letters = [r for r in world.letters() if r["stage"] == "episodes"]
    assert [r["kafka_offset"] for r in letters] == [0, 0]


def test_letters_of_an_older_version_count_for_the_topic_that_goes_on(
    settings: Settings, kafka_bootstrap: str, tmp_path: Path
) -> None:
    world = local_world(settings, kafka_bootstrap, f"upgraded-{tmp_path.name}", 1)
    world.produce([Message(b"", JUNK, stamp(at(2))), event(1, at(2))])
    world.land()
    as_before_ids(world)
    world.produce([Message(b"", JUNK, stamp(at(1)))])
    world.land()
    assert missing(world) == []
    assert len(world.letters()) == 2
    assert world.lake.columns(DEAD_LETTERS.name) == declared_columns(DEAD_LETTERS)
    world.landing().run([at(2).date()])
    assert (len(world.letters()), missing(world)) == (2, [])


def as_before_ids(world: World) -> None:
    """Rewrites letters and ledger as a podrec wrote them whose keys had no topic id."""
    state, letters = world.lake.state("user_events"), world.letters()
    assert state.ledger is not None
    added = ("redrive_from", "redriven_to")
    schema = DEAD_LETTERS.schema
    for name in added:
        schema = schema.remove(schema.get_field_index(name))
    shutil.rmtree(world.lake.uri(DEAD_LETTERS.name))
    rows = [
        {k: v for k, v in r.items() if k not in added}
        | {"source_key": r["source_key"].rpartition(":")[0]}
        for r in letters
    ]
    old = replace(DEAD_LETTERS, schema=schema)
    world.lake.replace_days(old, old.rows(rows), [r["day"] for r in rows])
    ledger = {k: v for k, v in state.ledger.items() if k not in ("gaps", "has_unmarked_letters")}
    assert Ledger.from_json(ledger).has_unmarked_letters
    events = world.lake.read("user_events")
    world.lake.replace_days(USER_EVENTS, events, state.days, ledger)
