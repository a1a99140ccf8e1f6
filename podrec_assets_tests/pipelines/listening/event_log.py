"""A messy log of events with known truth, and its landing by either engine."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa

from podrec_assets.listening.daily_score import daily_score_sql
from podrec_assets.pipelines.listening.event_landing import EventLanding
from podrec_assets.pipelines.listening.local_reader import LocalReader
from podrec_assets.schemas import USER_VS_EPISODE_DAILY
from podrec_assets.settings import Settings
from podrec_assets.stores import duckdb
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.kafka import KafkaStore, Message

TODAY = datetime.now(UTC).date()
BAD = (b"this is no JSON", b"", b"[1]", b'{"schema": 1, "kind": "play"}', b"\xff\xfe")


@dataclass
class World:
    """One topic, one lake, and the landing from one into the other."""

    settings: Settings
    lake: Lake
    kafka: KafkaStore
    landing: Callable[[], EventLanding]

    @property
    def topic(self) -> str:
        return self.settings.events_topic

    def produce(self, messages: list[Message]) -> None:
        self.kafka.produce(self.topic, messages)

    def land(self) -> None:
        self.landing().land_new()

    def events(self) -> list[dict]:
        return sorted(
            self.lake.read("user_events").to_pylist(),
            key=lambda r: (r["kafka_partition"], r["kafka_offset"]),
        )

    def letters(self) -> list[dict]:
        return sorted(
            self.lake.read("dead_letters").to_pylist(),
            key=lambda r: (r["kafka_partition"], r["kafka_offset"]),
        )

    def places(self) -> list[tuple[int, int]]:
        """Returns (partition, offset) of every row and dead letter."""
        return sorted(
            (r["kafka_partition"], r["kafka_offset"]) for r in [*self.events(), *self.letters()]
        )

    def daily(self) -> pa.Table:
        found = duckdb.query(
            daily_score_sql(self.settings), {"events": self.lake.read("user_events")}
        )
        return found.cast(USER_VS_EPISODE_DAILY.schema).sort_by(
            [(n, "ascending") for n in ("day", "user_id", "episode_id")]
        )


def local_world(
    settings: Settings, bootstrap: str, topic: str, partitions: int = 2, batch: int = 100
) -> World:
    """Returns a world on the local engine, with batches so small that a landing has several."""
    settings = settings.model_copy(
        update={"kafka_bootstrap": bootstrap, "events_topic": topic, "events_per_batch": batch}
    )
    lake, kafka = Lake(settings.lake_root, settings.home / "locks"), KafkaStore(bootstrap)
    kafka.ensure_topic(topic, partitions)
    return World(
        settings,
        lake,
        kafka,
        lambda: EventLanding(lake, kafka, settings, TODAY, LocalReader(lake, kafka, settings)),
    )


def at(days_ago: int, hour: float = 12) -> datetime:
    return datetime.combine(TODAY - timedelta(days=days_ago), time(), UTC) + timedelta(hours=hour)


def event(
    number: int,
    recorded: datetime,
    occurred: datetime | None = None,
    user: str = "u",
    **more: object,
) -> Message:
    """Returns a valid play, changed by `more`; its key keeps a user in one partition."""
    body = {
        "schema": 1, "event_id": f"id-{number}", "user_id": user, "kind": "play",
        "episode_id": f"e-{number % 7}", "completed_share": 0.9,
        "occurred_at": (occurred or recorded).isoformat(), **more,
    }  # fmt: skip
    return Message(user.encode(), json.dumps(body).encode(), stamp(recorded))


def stamp(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def messy_log() -> list[Message]:
    """Returns four days of 12 users, with out-of-order, late, repeated and malformed records."""
    log: list[Message] = []
    for n in range(240):
        moment = at(4 - n // 60, 24 * (n % 60) / 60)
        disorder = timedelta(minutes=-40 if n % 5 == 0 else 0)
        log.append(event(n, moment + disorder, moment + disorder, user=f"u{n % 12}"))
        if n % 17 == 0:
            log.append(
                event(n, moment + timedelta(seconds=1), moment + disorder, user=f"u{n % 12}")
            )
        if n % 23 == 0:
            log.append(event(1000 + n, moment, moment - timedelta(days=5), user=f"u{n % 12}"))
        if n % 29 == 0:
            log.append(Message(b"x", BAD[n % len(BAD)], stamp(moment)))
        if n % 31 == 0:
            log.append(event(2000 + n, moment, user=f"u{n % 12}", kind="like", device="car"))
    return log


def expected_days(kafka: KafkaStore, topic: str) -> dict[tuple[int, int], date]:
    """Returns, by (partition, offset), the running maximum of the broker's record dates."""
    days: dict[tuple[int, int], date] = {}
    for partition, end in kafka.end_offsets(topic).items():
        day = date.min
        for batch in kafka.read(topic, {partition: (0, end)}):
            for record in batch:
                day = max(day, datetime.fromtimestamp(record.timestamp_ms / 1000, UTC).date())
                days[partition, record.offset] = day
    return days
