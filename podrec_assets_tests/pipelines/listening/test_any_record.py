"""Whatever bytes are in the topic, each record is a row or one dead letter, on both engines."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from podrec_assets.pipelines.listening.event_landing import EventLanding
from podrec_assets.pipelines.listening.spark_reader import SparkReader
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.kafka import Message
from podrec_assets.stores.spark import session as spark_session
from podrec_assets_tests.any_messages import mutations, sample
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


@pytest.fixture
def world(settings: Settings, kafka_bootstrap: str, request: pytest.FixtureRequest) -> World:
    """A topic and a lake that this process lands it into."""
    topic = topic_of(request)
    return local_world(settings, kafka_bootstrap, topic, batch=10_000)


@pytest.fixture
def spark_world(world: World, settings: Settings, tmp_path: Path, spark: SparkSession) -> World:
    """The same topic with another lake, that Spark lands it into."""
    elsewhere = settings.model_copy(update={"home": tmp_path / "spark-lake"})
    other = local_world(elsewhere, world.kafka.bootstrap, world.topic, batch=10_000)
    reader = SparkReader(lambda: spark, other.lake, world.kafka.bootstrap, other.settings)
    assert other.lake.root != world.lake.root
    landing = lambda: EventLanding(other.lake, other.kafka, other.settings, TODAY, reader)  # noqa: E731
    return replace(other, landing=landing)


def test_any_record_is_a_row_or_one_letter_and_the_engines_agree(
    world: World, spark_world: World
) -> None:
    local, other = world, spark_world
    valid = json.loads(event(1, at(1)).value or b"")
    values = sample(mutations(valid), 600)
    local.produce([Message(b"k", value, stamp(at(1))) for value in values])
    good = [event(n, at(1), user=f"good-{n}") for n in range(10)]
    local.produce(good)
    local.land()
    other.land()
    every = [(p, o) for p, end in local.kafka.end_offsets(local.topic).items() for o in range(end)]
    assert local.places() == every
    assert len(every) == len(values) + len(good)
    assert local.events() == other.events()
    assert local.letters() == other.letters()
    assert {f"good-{n}" for n in range(10)} <= {r["user_id"] for r in local.events()}
    assert "unreadable" not in {r["reason"] for r in local.letters()}
    for extra in filter(None, (r["extra"] for r in local.events())):
        json.loads(extra, parse_constant=pytest.fail)
    days = local.landing().ledger().days()
    local.landing().run(days)
    assert (local.events(), local.letters()) == (other.events(), other.letters())


def poisoned(table: pa.Table) -> bool:
    return "poison" in table["user_id"].to_pylist()


def plant(monkeypatch: pytest.MonkeyPatch, is_bad: Callable[[pa.Table], bool]) -> None:
    """Lets every write of some events fail, by either engine."""
    for owner, place in ((Lake, 2), (spark_session, 0)):
        for name in ("append", "replace_days"):
            _plant(monkeypatch, owner, name, place, is_bad)


def _plant(
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    place: int,
    is_bad: Callable[[pa.Table], bool],
) -> None:
    real = getattr(owner, name)

    def write(*args: object, **options: object) -> object:
        rows = args[place]
        table = rows.toArrow() if isinstance(rows, DataFrame) else rows
        assert isinstance(table, pa.Table)
        if "user_id" in table.column_names and is_bad(table):
            raise ZeroDivisionError("a cell \ud83d")
        return real(*args, **options)

    monkeypatch.setattr(owner, name, write)


def test_a_record_that_cannot_be_written_is_one_letter_and_the_rest_lands(
    world: World, spark_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = [event(n, at(2 - n // 30), user=f"u{n}") for n in range(60)]
    log[41] = event(41, at(1), user="poison")
    world.produce([*log, Message(b"x", b"no JSON", stamp(at(1)))])
    plant(monkeypatch, poisoned)
    for here in (world, spark_world):
        landed = here.landing().land_new()
        assert (landed.row_count, landed.dead_count, landed.unreadable_count) == (59, 2, 1)
        assert {r["user_id"] for r in here.events()} == {f"u{n}" for n in range(60)} - {"u41"}
        (letter,) = (r for r in here.letters() if r["reason"] == "unreadable")
        assert letter["detail"] == r"ZeroDivisionError: 'a cell \ud83d'"
        assert letter["payload"] == log[41].value
    events, letters = world.events(), world.letters()
    assert (spark_world.events(), spark_world.letters()) == (events, letters)
    # A replay meets the same fault; once it is gone, a replay gives the row.
    assert world.landing().replay([at(1).date()]).unreadable_count == 1
    assert (world.events(), world.letters()) == (events, letters)
    monkeypatch.undo()
    world.landing().replay([at(1).date()])
    assert "poison" in {r["user_id"] for r in world.events()}
    assert [r["reason"] for r in world.letters()] == ["not_json"]


def test_a_fault_of_spark_alone_costs_no_record(
    spark_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = spark_world
    world.produce([event(n, at(1), user=f"u{n}") for n in range(5)])

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(spark_session, "append", fail)
    landed = world.landing().land_new()
    assert (landed.row_count, landed.dead_count) == (5, 0)
    assert len(world.events()) == 5


def test_a_lake_that_takes_no_row_at_all_is_an_error_and_makes_no_letters(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.produce([event(n, at(1)) for n in range(3)])
    plant(monkeypatch, lambda table: len(table) > 0)
    with pytest.raises(ZeroDivisionError):
        world.land()
    assert (world.events(), world.letters()) == ([], [])
    monkeypatch.undo()
    world.land()
    events = world.events()
    assert len(events) == 3
    plant(monkeypatch, lambda table: len(table) > 0)
    with pytest.raises(ZeroDivisionError):
        world.landing().replay([at(1).date()])
    assert (world.events(), world.letters()) == (events, [])
