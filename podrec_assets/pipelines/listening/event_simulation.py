"""Events of simulated listeners for the events topic: a history with past timestamps, or a load."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import TypeVar

from podrec_assets.errors import PermanentError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.sample_world import library
from podrec_assets.schemas import EPISODES, LISTS
from podrec_assets.services import supervisor
from podrec_assets.settings import Settings
from podrec_assets.simulation import records
from podrec_assets.simulation.listener_model import PublishedLists
from podrec_assets.simulation.world import EpisodeInfo, make_world
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.kafka import KafkaStore, Message

DEFAULT_DURATION_S = 1800.0
"""Assumed length of an episode whose feed gives none."""
TIMER_S = 0.01
"""Waits shorter than this are skipped: the machine's timer is no finer."""
Value = TypeVar("Value")


def simulate_events(
    connections: Connections,
    days: int,
    users: int,
    seed: int,
    now: datetime,
    say: Callable[[str], None] = lambda _: None,
) -> dict:
    """Produces the events of `users` listeners over the `days` days that end now.

    Raises:
        PermanentError: the lake has no episodes yet.
    """
    messages = records.simulate(_required_episodes(connections.lake), days, users, seed, now)
    topic = _events_topic(connections.kafka, connections.settings)
    say(f"producing {len(messages)} events")
    produced_count = connections.kafka.produce(topic, map(_to_message, messages))
    return {
        "topic": topic,
        "produced_count": produced_count,
        "listener_count": users,
        "days": days,
        "seed": seed,
    }


def simulate_load(
    connections: Connections,
    days: int,
    users: int,
    seed: int,
    rate: float,
    seconds: float,
    say: Callable[[str], None] = lambda _: None,
) -> dict:
    """Produces `rate` events per second for `seconds` seconds, stamped with the current time.

    Raises:
        PermanentError: the lake has no episodes yet.
    """
    episodes = _required_episodes(connections.lake)
    world = make_world(episodes, users, days, seed, datetime.now(UTC).date())
    topic = _events_topic(connections.kafka, connections.settings)
    say(f"producing {rate:g} events per second for {seconds:g} s")
    start = time.monotonic()
    live = records.live(world, seed, lambda: datetime.now(UTC), served_lists(connections))
    produced_count = connections.kafka.produce(topic, map(_to_message, paced(live, rate, seconds)))
    elapsed_s = time.monotonic() - start
    return {
        "topic": topic,
        "produced_count": produced_count,
        "seconds": round(elapsed_s, 2),
        "rate": rate,
        "rate_reached": round(produced_count / elapsed_s, 1),
    }


def served_lists(connections: Connections) -> PublishedLists | None:
    """Returns the lists served now; None if nothing is published or MongoDB is down."""
    if not supervisor.status(connections.settings)["mongo"]["up"]:
        return None
    publication = connections.mongo.publication()
    if publication is None:
        return None
    version = publication.versions[LISTS]
    documents = connections.mongo.documents(LISTS, version)
    return PublishedLists(
        version, {d["user_id"]: [i["episode_id"] for i in d["items"]] for d in documents}
    )


def paced(
    values: Iterable[Value],
    rate: float,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Value]:
    """Yields `rate` values per second for `seconds` seconds; fewer if the values come too slowly.

    Value n is due n / rate seconds after the start, however long earlier waits took, so that
    delays do not add up.
    """
    source, start = iter(values), clock()
    for n in count():
        wait_s = n / rate - (clock() - start)
        if n >= rate * seconds or clock() - start >= seconds:
            return
        if wait_s > TIMER_S:
            sleep(wait_s)
        try:
            yield next(source)
        except StopIteration:
            return


def known_episodes(lake: Lake) -> list[EpisodeInfo]:
    """Returns the episodes in the lake by id, each with the topic that listeners like or dislike.

    The sample world names a topic for each of its shows; any other show is its own topic.
    """
    topics = library.topics()
    columns = ("episode_id", "show_id", "feed_url", "published_at", "recorded_at", "duration_s")
    rows = lake.read(EPISODES.name, columns=columns).to_pylist()
    episodes = {}
    unknown = datetime(1970, 1, 1, tzinfo=UTC)  # of a record without a usable timestamp
    for row in sorted(rows, key=lambda r: r["recorded_at"] or unknown):
        slug = row["feed_url"].rpartition("/")[2].removesuffix(".xml")
        episodes[row["episode_id"]] = EpisodeInfo(
            row["episode_id"],
            row["show_id"],
            topics.get(slug, row["show_id"]),
            row["published_at"] or row["recorded_at"] or unknown,
            row["duration_s"] or DEFAULT_DURATION_S,
        )
    return [episodes[episode_id] for episode_id in sorted(episodes)]


def _required_episodes(lake: Lake) -> list[EpisodeInfo]:
    episodes = known_episodes(lake)
    if not episodes:
        raise PermanentError(
            "No episodes are known yet: run `podrec ingest FEED_URL` and `podrec catch-up` first."
        )
    return episodes


def _events_topic(kafka: KafkaStore, settings: Settings) -> str:
    kafka.ensure_topic(settings.events_topic, settings.kafka_partitions)
    return settings.events_topic


def _to_message(message: records.SimulatedMessage) -> Message:
    key = message.key.encode() if message.key else None
    return Message(key, message.value, int(message.recorded_at.timestamp() * 1000))
