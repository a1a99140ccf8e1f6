"""The world of a crash schedule: a home, a database, and two topics that all schedules share.

The topics hold all days from the start; a schedule sees them up to the end of its day.
"""

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path

from podrec_assets.pipelines.compute_engine import ComputeEngine
from podrec_assets.pipelines.connections import Connections
from podrec_assets.settings import Settings
from podrec_assets.stores.kafka import Message

DAYS = [datetime.now(UTC).date() - timedelta(days=n) for n in (11, 10)]
"""Far enough from today that midnight changes nothing."""
USERS, EPISODES, EVENTS_A_DAY, PARTITIONS = 5, 8, 24, 2
BAD = (b"this is no JSON", b"", b"[1]", b'{"schema": 1, "kind": "play"}', b"\xff\xfe")
BATCH = 10
"""Records in a batch, so that a day of events takes several."""

Ends = dict[tuple[str, int], int]
"""End offset of each topic and partition."""


@dataclass(frozen=True)
class Services:
    """Addresses of the running services, and a name that no other run on them has."""

    kafka: str
    mongo: str
    run: str


@dataclass(frozen=True)
class World:
    """What one schedule works on.

    Attributes:
        services: where Kafka and Mongo are.
        folder: of the schedule.
        name: of its database.
    """

    services: Services
    folder: Path
    name: str

    @property
    def disk(self) -> Path:
        """What a crash may damage; the schedule's own notes are next to it."""
        return self.folder / "disk"

    def settings_of(self, home: str) -> Settings:
        return Settings(
            home=self.disk / home,
            engine="local",
            kafka_bootstrap=self.services.kafka,
            mongo_uri=self.services.mongo,  # type: ignore[arg-type]
            # The embedded server drops every database whose name begins with the given one.
            mongo_database=f"chaos_{self.services.run}_{self.name}_",
            events_topic=f"events-{self.services.run}",
            episodes_topic=f"episodes-{self.services.run}",
            events_per_batch=BATCH,
            per_show_cap=10,
        )

    @cached_property
    def settings(self) -> Settings:
        return self.settings_of("home")

    @cached_property
    def connections(self) -> Connections:
        return Connections(self.settings, {})

    @cached_property
    def restored(self) -> Connections:
        """The stores as the restored home sees them."""
        return Connections(self.settings_of("restored"), {})

    @cached_property
    def engine(self) -> ComputeEngine:
        return ComputeEngine(None)

    def fill_topics(self) -> list[Ends]:
        """Creates and fills both topics; returns their ends after each day."""
        kafka, ends = self.connections.kafka, []
        topics = {
            self.settings.events_topic: events,
            self.settings.episodes_topic: announcements,
        }
        for topic in topics:
            kafka.ensure_topic(topic, PARTITIONS)
        for day in DAYS:
            for topic, messages_of in topics.items():
                kafka.produce(topic, messages_of(day))
            ends.append({(t, p): end for t in topics for p, end in kafka.end_offsets(t).items()})
        return ends

    def copy_to(self, other: "World") -> None:
        """Copies files and documents."""
        shutil.copytree(self.disk, other.disk)
        db, copy = self.connections.mongo.db, other.connections.mongo.db
        for name in db.list_collection_names():
            if documents := list(db[name].find()):
                copy[name].insert_many(documents)

    def drop_database(self) -> None:
        self.connections.mongo.db.client.drop_database(self.settings.mongo_database)


def events(day: date) -> list[Message]:
    """Plays and likes, with late, repeated and malformed records in every batch."""
    messages = []
    for hour in range(EVENTS_A_DAY):
        number = DAYS.index(day) * EVENTS_A_DAY + hour
        user, recorded = f"u{number % USERS}", at(day, hour)
        if number % 4 == 3:
            messages.append(Message(user.encode(), BAD[number % len(BAD)], stamp(recorded)))
        else:
            messages.append(event(number, user, recorded, late=number % 7 == 5))
        if number % 11 == 0:
            messages.append(event(number, user, recorded, late=False))
    return messages


def event(number: int, user: str, recorded: datetime, late: bool) -> Message:
    body = {
        "schema": 1, "event_id": f"id-{number}", "user_id": user,
        "kind": "like" if number % 6 == 0 else "play",
        "episode_id": f"e{number * 5 % EPISODES}",
        **({} if number % 6 == 0 else {"completed_share": 0.9 if number % 2 else 0.1}),
        "occurred_at": (recorded - timedelta(days=late)).isoformat(),
    }  # fmt: skip
    return Message(user.encode(), json.dumps(body).encode(), stamp(recorded))


def announcements(day: date) -> list[Message]:
    """Most episodes on the first day, a changed one and a new one later, and a malformed record."""
    index = DAYS.index(day)
    numbers = range(EPISODES - 1) if index == 0 else (1, EPISODES - 1)
    messages = [Message(b"bad", BAD[0], stamp(at(day, 20)))]
    for number in numbers:
        body = {
            "schema": 1, "episode_id": f"e{number}", "show_id": f"s{number % 2}",
            "show_title": "Show", "title": f"Episode {number} of day {index}",
            "published_at": at(day, number).isoformat(),
        }  # fmt: skip
        messages.append(Message(b"%d" % number, json.dumps(body).encode(), stamp(at(day, number))))
    return messages


def at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(hours=hour)


def stamp(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
