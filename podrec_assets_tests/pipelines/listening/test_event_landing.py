"""Landing from a real broker, one contract for both engines: every offset once, in its day."""

import shutil
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest

from podrec_assets.errors import PermanentError
from podrec_assets.listening.event_batches import STAGE
from podrec_assets.pipelines.compute_engine import ComputeEngine
from podrec_assets.pipelines.listening import event_landing as landing_module
from podrec_assets.pipelines.listening.event_recovery import accounts_of
from podrec_assets.pipelines.listening.local_reader import LocalReader
from podrec_assets.pipelines.listening.spark_reader import SparkReader
from podrec_assets.schemas import USER_EVENTS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import declared_columns
from podrec_assets.stores.kafka import Message
from podrec_assets_tests.pipelines.listening.event_log import (
    TODAY,
    World,
    at,
    event,
    expected_days,
    local_world,
    messy_log,
)

pytestmark = pytest.mark.services


@pytest.fixture
def clean(
    settings: Settings, kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory, world: World
) -> World:
    """The expected result: the same topic, landed undisturbed into another lake."""
    elsewhere = settings.model_copy(update={"home": tmp_path_factory.mktemp("clean")})
    return local_world(elsewhere, kafka_bootstrap, world.topic)


def same_tables(one: World, other: World) -> None:
    assert one.events() == other.events()
    assert one.letters() == other.letters()
    assert one.daily().equals(other.daily())


def test_every_offset_is_a_row_or_a_dead_letter_in_its_log_day(world: World, clean: World) -> None:
    log = messy_log()
    world.produce(log[:150])
    world.land()
    world.produce(log[150:])
    world.land()
    days = expected_days(world.kafka, world.topic)
    assert world.places() == sorted(days)
    assert {
        (r["kafka_partition"], r["kafka_offset"]): r["day"]
        for r in [*world.events(), *world.letters()]
    } == days
    assert_boundaries_are_the_brokers(world, days)
    clean.land()
    same_tables(world, clean)


def assert_boundaries_are_the_brokers(world: World, days: dict[tuple[int, int], date]) -> None:
    """A day starts where the broker finds the first record stamped at or after midnight."""
    ends = world.kafka.end_offsets(world.topic)
    for day in world.landing().ledger().days():
        for partition, first in world.kafka.offsets_for_day(world.topic, day).items():
            reached = [offset for (p, offset), d in days.items() if p == partition and d >= day]
            assert first == min(reached, default=ends[partition])


def test_the_columns_of_a_landed_event_are_exact(world: World) -> None:
    world.produce([event(1, at(1), at(6), list_version="v", position=2, device="car")])
    world.land()
    (row,) = world.events()
    assert row == {
        "day": at(1).date(), "kafka_topic": world.topic, "kafka_partition": row["kafka_partition"],
        "kafka_offset": 0, "recorded_at": at(1), "event_id": "id-1", "user_id": "u",
        "episode_id": "e-1", "kind": "play", "completed_share": 0.9, "occurred_at": at(6),
        "event_day": at(6).date(), "is_late": True, "list_version": "v", "position": 2,
        "extra": '{"device": "car"}',
    }  # fmt: skip


def test_a_dead_letter_has_its_offset_and_its_bytes(world: World) -> None:
    world.produce([Message(b"k", b"this is no JSON", int(at(1).timestamp() * 1000))])
    world.land()
    (letter,) = world.letters()
    topic_id = world.kafka.topic_id(world.topic)
    assert letter["source_key"] == f"{world.topic}:{letter['kafka_partition']}:0:{topic_id}"
    assert (letter["stage"], letter["reason"], letter["payload"]) == (
        STAGE,
        "not_json",
        b"this is no JSON",
    )


def test_landing_twice_and_replay_of_every_day_give_the_same_rows(
    world: World,
) -> None:
    world.produce(messy_log())
    world.land()
    events, letters = world.events(), world.letters()
    world.land()
    days = world.landing().ledger().days()
    world.landing().run(days[:2])
    world.landing().run(days)
    assert (world.events(), world.letters()) == (events, letters)
    assert all(a.missing_count == 0 for a in accounts_of(world.lake, days))


def test_replay_restores_rows_lost_from_the_table(world: World) -> None:
    world.produce(messy_log())
    world.land()
    events, day = world.events(), at(2).date()
    table = world.lake.table("user_events")
    assert table is not None
    ledger = world.landing().ledger()
    world.lake.replace_days(
        landing_module.USER_EVENTS, landing_module.USER_EVENTS.empty(), [day], ledger.to_json()
    )
    assert sum(a.missing_count for a in accounts_of(world.lake, [day])) == sum(
        r["day"] == day for r in events
    )
    world.landing().run([day])
    assert world.events() == events


@pytest.mark.parametrize(
    "step", ["add_dead_letters", "append"], ids=["before letters", "between letters and rows"]
)
def test_a_landing_that_failed_inside_a_batch_continues_without_a_trace(
    world: World, clean: World, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.produce(messy_log())
    fail_once(monkeypatch, step)
    with pytest.raises(Exception, match="the power went off"):
        world.land()
    world.land()
    clean.land()
    same_tables(world, clean)


def fail_once(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    from podrec_assets.stores.delta import Lake
    from podrec_assets.stores.spark import session as spark

    calls: list[int] = []

    def wrap(owner: object, name: str) -> None:
        real = getattr(owner, name)

        def sometimes(*args: object, **kwargs: object) -> object:
            calls.append(1)
            if len(calls) == 2 or (name == "append" and owner is spark):
                monkeypatch.undo()
                raise OSError("the power went off")
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, sometimes)

    wrap(Lake if step == "append" else landing_module, step)
    if step == "append":
        wrap(spark, "append")


def test_an_added_column_is_null_in_old_days_and_filled_in_new_ones(
    world: World,
) -> None:
    world.produce([event(n, at(2), device="car") for n in range(3)])
    as_before_extra(world)
    assert "extra" not in world.lake.columns("user_events")
    # Read before any write adds the column to the table.
    scores = engine(world).daily_score(world.lake, world.settings, [at(2).date()])
    assert sum(scores["play_count"].to_pylist()) == 3
    world.produce([event(9, at(1), device="car")])
    world.land()
    assert [(r["event_id"], r["extra"]) for r in world.events()] == [
        ("id-0", None), ("id-1", None), ("id-2", None), ("id-9", '{"device": "car"}'),
    ]  # fmt: skip
    assert world.lake.columns("user_events") == declared_columns(USER_EVENTS)


def test_a_column_of_another_type_is_refused_before_anything_is_written(world: World) -> None:
    spec = USER_EVENTS
    at_position = spec.schema.get_field_index("position")
    retyped = replace(
        spec,
        schema=spec.schema.set(at_position, spec.schema.field("position").with_type(pa.string())),
    )
    world.lake.replace_days(retyped, retyped.empty(), [TODAY])
    world.produce(
        [event(1, at(1)), Message(b"x", b"this is no JSON", int(at(1).timestamp() * 1000))]
    )
    with pytest.raises(
        PermanentError,
        match="user_events cannot be written: position is string on disk and declared as integer",
    ):
        world.land()
    assert (world.lake.version("user_events"), world.letters()) == (0, [])


def as_before_extra(world: World) -> None:
    """Lands into a table written by a podrec that did not have the column `extra`."""
    spec, lake = USER_EVENTS, world.lake
    replace(world.landing(), reader=LocalReader(lake, world.kafka, world.settings)).land_new()
    schema = spec.schema.remove(spec.schema.get_field_index("extra"))
    rows, state = lake.read(spec.name).drop_columns("extra"), lake.state(spec.name)
    shutil.rmtree(lake.uri(spec.name))
    lake.replace_days(replace(spec, schema=schema), rows, state.days, state.ledger)


def engine(world: World) -> ComputeEngine:
    """Returns the engine whose reader the world lands with."""
    reader = world.landing().reader
    return ComputeEngine(reader.session if isinstance(reader, SparkReader) else None)


def test_a_day_without_records_is_written_empty(world: World) -> None:
    world.produce([event(1, at(3)), event(2, at(1))])
    world.landing().run([at(n).date() for n in (4, 3, 2, 1, 0)])
    assert world.lake.state("user_events").days == {at(n).date() for n in (4, 3, 2, 1, 0)}
