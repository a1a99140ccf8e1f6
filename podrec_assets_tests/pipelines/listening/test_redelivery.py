"""Batches cut anywhere, shuffled and delivered twice give the tables of the clean stream."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from podrec_assets.pipelines.listening.event_landing import EventLanding
from podrec_assets.pipelines.listening.event_reader import Batch, LandBatch, Ranges
from podrec_assets.pipelines.listening.local_reader import LocalBatch, to_table
from podrec_assets.pipelines.listening.spark_reader import SparkBatch
from podrec_assets.settings import Settings
from podrec_assets.stores.kafka import KafkaStore, Record
from podrec_assets_tests.pipelines.listening.event_log import TODAY, World, local_world, messy_log
from podrec_assets_tests.topics import topic_of

pytestmark = pytest.mark.services


@dataclass(frozen=True)
class Redelivering:
    """A reader that interleaves the partitions at random and repeats batches."""

    kafka: KafkaStore
    topic: str
    batch: Callable[[list[Record]], Batch]
    seed: int
    cuts: int

    def stream(self, start: dict[int, int], land: LandBatch) -> None:
        chance = random.Random(self.seed)
        delivered: list[list[Record]] = []
        for records in self._cut(self._interleaved(chance), chance):
            chance.shuffle(records)
            delivered.append(records)
            for batch in [records, *chance.choices(delivered, k=chance.randrange(2))]:
                land(self.batch(batch))

    def read(self, ranges: Ranges) -> Iterable[Batch]:
        raise NotImplementedError("these tests do not replay")

    def _interleaved(self, chance: random.Random) -> list[Record]:
        ends = {p: (0, end) for p, end in self.kafka.end_offsets(self.topic).items()}
        logs: dict[int, list[Record]] = {}
        for record in (r for batch in self.kafka.read(self.topic, ends) for r in batch):
            logs.setdefault(record.partition, []).append(record)
        turns = [p for p, log in logs.items() for _ in log]
        chance.shuffle(turns)
        return [logs[p].pop(0) for p in turns]

    def _cut(self, records: list[Record], chance: random.Random) -> list[list[Record]]:
        at = [0, *sorted(chance.sample(range(1, len(records)), self.cuts)), len(records)]
        return [records[a:b] for a, b in pairwise(at)]


@pytest.fixture
def world(request: pytest.FixtureRequest, settings: Settings, kafka_bootstrap: str) -> World:
    found = local_world(settings, kafka_bootstrap, topic_of(request))
    log = messy_log()
    found.produce([*log, *log[::9]])
    return found


def land_badly(world: World, batch: Callable[[list[Record]], Batch], seed: int, cuts: int) -> World:
    reader = Redelivering(world.kafka, world.topic, batch, seed, cuts)
    landing = EventLanding(world.lake, world.kafka, world.settings, TODAY, reader)
    landing.land_new()
    return replace(world, landing=lambda: landing)


def assert_clean(world: World, folder: Path) -> None:
    clean = local_world(
        world.settings.model_copy(update={"home": folder}), world.kafka.bootstrap, world.topic
    )
    clean.land()
    assert world.events() == clean.events()
    assert world.letters() == clean.letters()
    assert world.daily().equals(clean.daily())


@pytest.mark.parametrize("seed", range(6))
def test_the_local_engine_lands_the_clean_stream(world: World, seed: int, tmp_path: Path) -> None:
    land_badly(
        world,
        lambda records: LocalBatch(to_table(records), world.lake, world.settings),
        seed,
        cuts=8,
    )
    assert_clean(world, tmp_path / "clean")


@pytest.mark.parametrize("seed", range(2))
def test_the_spark_engine_lands_the_clean_stream(
    world: World, seed: int, spark: SparkSession, tmp_path: Path
) -> None:
    def batch(records: list[Record]) -> SparkBatch:
        return SparkBatch(
            spark.createDataFrame(to_table(records)).repartition(3).persist(),
            world.lake,
            world.settings,
        )

    land_badly(world, batch, seed, cuts=3)
    assert_clean(world, tmp_path / "clean")
