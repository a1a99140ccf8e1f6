"""Speed and memory of landing events, replay and the daily score, against a plain consumer.

Run `make bench-listening` on Linux. Every figure comes from a separate process with its own
services.
"""

import argparse
import hashlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.csv
from confluent_kafka import Consumer, TopicPartition
from rich.console import Console
from rich.table import Table

from podrec_assets.pipelines.compute_engine import ComputeEngine
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening.event_landing import EventLanding
from podrec_assets.schemas import DEAD_LETTERS, USER_EVENTS
from podrec_assets.services import jars, supervisor
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.kafka import KafkaStore
from podrec_benchmarks.event_log import DAYS, event_log
from podrec_benchmarks.measuring import alone, opened, peak_mb

EngineName = Literal["local", "spark"]
TOPIC, PARTITIONS = "bench-events", 2
ENGINES: tuple[EngineName, ...] = ("local", "spark")
REPEATS = 5


@dataclass(frozen=True)
class Place:
    """Where a measured process reads events and writes."""

    home: Path
    bootstrap: str
    today: date

    def settings(self, engine: EngineName, lake: str = "landed") -> Settings:
        """Returns settings of an engine with its own lake."""
        home = self.home / engine
        return Settings.load(
            home=home,
            lake=str(home / lake),
            kafka_bootstrap=self.bootstrap,
            events_topic=TOPIC,
            engine=engine,
        )


@dataclass(frozen=True)
class Measure:
    """One measured step; the peak memory includes child processes."""

    seconds: float
    records: int
    peak_mb: float

    @property
    def rate(self) -> float:
        """Records per second."""
        return self.records / self.seconds


def consume_plain(place: Place) -> Measure:
    """Reads the topic with a plain consumer that only counts."""
    ends = KafkaStore(place.bootstrap).end_offsets(TOPIC)
    count = 0
    began = time.perf_counter()
    settings = {"group.id": "bench", "enable.auto.commit": False, "fetch.queue.backoff.ms": 20}
    consumer = Consumer({"bootstrap.servers": place.bootstrap, **settings})
    consumer.assign([TopicPartition(TOPIC, p, 0) for p in ends])
    while count < sum(ends.values()):
        count += len(consumer.consume(10_000, timeout=0.1))
    consumer.close()
    return Measure(time.perf_counter() - began, count, peak_mb())


def land(place: Place, engine: EngineName, replayed: tuple[date, ...] = ()) -> Measure:
    """Lands the whole topic, or replays landed days; without the start of the JVM."""
    settings = place.settings(engine)
    lake, kafka = Connections(settings, {}).lake, Connections(settings, {}).kafka
    with opened(settings) as running:
        reader = running.event_reader(lake, kafka, settings)
        landing = EventLanding(lake, kafka, settings, place.today, reader)
        began = time.perf_counter()
        landed = landing.replay(list(replayed)) if replayed else landing.land_new()
        return Measure(time.perf_counter() - began, landed.row_count + landed.dead_count, peak_mb())


def score_day(place: Place, engine: EngineName, day: date) -> list[float]:
    """Returns the seconds of a day's score in a lake of that day only, and in one of all DAYS.

    Raises:
        ValueError: the two scores differ.
    """
    settings = place.settings(engine)
    whole = Connections(settings, {}).lake
    one_day = Connections(place.settings(engine, lake="one-day"), {}).lake
    one_day.append(
        USER_EVENTS, whole.read(USER_EVENTS.name, f"event_day = DATE '{day}'"), [day], {}
    )
    with opened(settings) as running:
        # The first call includes the engine's start-up.
        scores = [running.daily_score(lake, settings, [day]) for lake in (one_day, whole)]
        if not scores[0].equals(scores[1]):
            raise ValueError(f"The score of {day} depends on the history of other days.")
        return [_median_s(running, lake, settings, day) for lake in (one_day, whole)]


def fingerprint(place: Place, engine: EngineName) -> tuple[int, int, str]:
    """Returns (rows, dead letters, hash of all rows in order of the log) of an engine's lake."""
    lake = Connections(place.settings(engine), {}).lake
    digest, rows = hashlib.sha256(), 0
    for day in sorted(lake.state(USER_EVENTS.name).days):
        found, text = lake.read_days(USER_EVENTS.name, [day]), pa.BufferOutputStream()
        pyarrow.csv.write_csv(
            found.sort_by([("kafka_partition", "ascending"), ("kafka_offset", "ascending")]), text
        )
        digest.update(text.getvalue())
        rows += found.num_rows
    return rows, lake.read(DEAD_LETTERS.name, columns=["kafka_offset"]).num_rows, digest.hexdigest()


def _median_s(engine: ComputeEngine, lake: Lake, settings: Settings, day: date) -> float:
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        engine.daily_score(lake, settings, [day])
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


@contextmanager
def _services(home: Path) -> Iterator[str]:
    """Runs the embedded services; yields Kafka's address."""
    settings = Settings.load(home=home, kafka_bootstrap="", mongo_uri="")
    jars.ensure_all(settings, lambda _: None)
    try:
        supervisor.up(settings, lambda _: None)
        yield supervisor.address(settings, "kafka")
    finally:
        supervisor.down(settings)


def measure(place: Place, events: int, console: Console) -> None:
    """Produces the log, measures every step and prints the results.

    Raises:
        ValueError: a record is neither a row nor a dead letter, or the engines differ.
    """
    kafka = KafkaStore(place.bootstrap)
    kafka.ensure_topic(TOPIC, PARTITIONS)
    records = kafka.produce(TOPIC, event_log(events, place.today))
    console.print(
        f"{records} records: {events} events over {DAYS} days, with duplicates and malformed ones"
    )
    days = tuple(place.today - timedelta(days=n) for n in range(DAYS, 0, -1))
    measures = {"plain consumer": alone(consume_plain, place)}
    for engine in ENGINES:
        measures[f"{engine}: land"] = alone(land, place, engine)
        measures[f"{engine}: replay of 1 day"] = alone(land, place, engine, days[:1])
        measures[f"{engine}: replay of {DAYS} days"] = alone(land, place, engine, days)
    _print_measures(measures, console)
    _verify(place, records, console)
    for engine in ENGINES:
        one, all_days = alone(score_day, place, engine, days[len(days) // 2])
        console.print(
            f"{engine}: daily score of one day {one:.2f} s where the lake holds that day, "
            f"{all_days:.2f} s where it holds {DAYS}: ratio {all_days / one:.2f}"
        )


def _verify(place: Place, records: int, console: Console) -> None:
    fingerprints = {engine: alone(fingerprint, place, engine) for engine in ENGINES}
    for engine, (rows, letters, digest) in fingerprints.items():
        console.print(
            f"{engine}: {rows} rows + {letters} dead letters = {rows + letters} records, "
            f"sha256 {digest[:16]}"
        )
        if rows + letters != records:
            raise ValueError(f"{engine} accounts for {rows + letters} of {records} records.")
    if len(set(fingerprints.values())) > 1:
        raise ValueError("The engines do not give the same user_events.")


def _print_measures(measures: dict[str, Measure], console: Console) -> None:
    table = Table("step", "records/s", "of the plain consumer", "seconds", "peak MB", box=None)
    plain = measures["plain consumer"].rate
    for name, measure in measures.items():
        table.add_row(
            name,
            f"{measure.rate:,.0f}",
            f"{measure.rate / plain:.3f}",
            f"{measure.seconds:.1f}",
            f"{measure.peak_mb:,.0f}",
        )
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--events",
        type=int,
        default=1_000_000,
        help="valid events to produce (default: %(default)s)",
    )
    events = parser.parse_args().events
    with (
        tempfile.TemporaryDirectory(prefix="podrec-bench-") as home,
        _services(Path(home)) as bootstrap,
    ):
        measure(
            Place(Path(home), bootstrap, datetime.now(UTC).date()),
            events,
            Console(highlight=False, soft_wrap=True),
        )


if __name__ == "__main__":
    main()
