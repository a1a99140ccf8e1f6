"""`podrec produce | simulate`: one's own events, or simulated listeners, to `user-events`."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from podrec_assets.cli.console import Json, connect, emit, out, say
from podrec_assets.errors import PermanentError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening.event_import import (
    EpisodeNames,
    Imported,
    lines_of,
    to_message,
)
from podrec_assets.sample_world import library
from podrec_assets.schemas import LISTS
from podrec_assets.services import supervisor
from podrec_assets.simulation import records
from podrec_assets.simulation.listener_model import PublishedLists
from podrec_assets.simulation.world import EpisodeInfo, make_world
from podrec_assets.stores.kafka import Message

SLACK_S = 0.01
"""Shortest wait between two records: the timer of the machine is no finer than that."""
Value = TypeVar("Value")


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(produce)
    app.command()(simulate)


def produce(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="One event object a line; or .csv with the fields as its header."
        ),
    ],
    topic: Annotated[str, typer.Option("--topic", help="Topic to produce to.")] = "user-events",
    as_json: Json = False,
) -> None:
    """Import events: each line becomes one record; an optional recorded_at becomes its timestamp.

    An event may name its episode by `episode_id`, or by `audio_url` or `guid` (and `feed_url`) as
    the feed gives them. Lines that are not JSON are produced as they are, so that landing shows
    what it does with them.

    Example: podrec produce my-events.jsonl --topic user-events
    """
    if not file.is_file():
        raise PermanentError(
            f"{file} is not a file; give a file with one JSON object a line, or a .csv file."
        )
    connections = connect()
    connections.kafka.ensure_topic(topic, connections.settings.kafka_partitions)
    imported = Imported(EpisodeNames(connections.lake))
    produced = connections.kafka.produce(
        topic, (to_message(line, imported) for line in lines_of(file))
    )
    document = {
        "topic": topic,
        "produced_count": produced,
        "resolved_count": imported.resolved_count,
        "unknown_count": imported.unknown_count,
        "first_unknown": imported.first_unknown,
        "first_day": str(imported.first_day) if imported.first_day else None,
    }
    emit(document, as_json, _print_produced)


def _print_produced(document: dict) -> None:
    out.print(f"{document['produced_count']} records produced to {document['topic']}")
    if document["unknown_count"]:
        out.print(
            f"episode not known: {document['unknown_count']} of them, the first {document['first_unknown']}; "
            "they will be dead letters. Ingest its feed, run `podrec catch-up`, and produce the file again.",
            markup=False,
        )
    out.print(
        "next: `podrec catch-up` lands them and makes lists of them; where `podrec ui` runs, its daemon does",
        style="dim",
    )


def simulate(
    days: Annotated[
        int, typer.Option("--days", min=1, max=365, help="Days of listening, ending today.")
    ] = 14,
    users: Annotated[int, typer.Option("--users", min=1, help="Number of listeners.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same world.")] = 7,
    rate: Annotated[
        float | None,
        typer.Option("--rate", min=0.1, help="Load instead of history: events a second, now."),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.1, help="How long --rate lasts.")
    ] = 60,
    as_json: Json = False,
) -> None:
    """Produce the events of simulated listeners over the known episodes, with record timestamps in
    the past; or a live load.

    Example: podrec simulate --days 14 --users 200 --seed 7
    """
    if rate is not None:
        document = simulate_load(connect(), days, users, seed, rate, seconds)
        text = f"{document['produced_count']} events produced in {document['seconds']} s: {document['rate_reached']} a second"
    else:
        document = simulate_events(connect(), days, users, seed, datetime.now(UTC))
        text = f"{document['produced_count']} events of {users} listeners over {days} days produced"
    emit(document, as_json, lambda _: out.print(text))


def simulate_events(
    connections: Connections, days: int, users: int, seed: int, now: datetime
) -> dict:
    """Produces simulated events to the events topic.

    Raises:
        PermanentError: no episodes are known yet.
    """
    messages = records.simulate(_some_episodes(connections), days, users, seed, now)
    topic = connections.settings.events_topic
    connections.kafka.ensure_topic(topic, connections.settings.kafka_partitions)
    say(f"producing {len(messages)} events")
    produced = connections.kafka.produce(topic, map(_stamped, messages))
    return {
        "topic": topic,
        "produced_count": produced,
        "listener_count": users,
        "days": days,
        "seed": seed,
    }


def simulate_load(
    connections: Connections, days: int, users: int, seed: int, rate: float, seconds: float
) -> dict:
    """Produces events that happen now, `rate` a second for so many seconds, and tells the rate that
    was reached.

    Raises:
        PermanentError: no episodes are known yet.
    """
    world = make_world(_some_episodes(connections), users, days, seed, datetime.now(UTC).date())
    topic = connections.settings.events_topic
    connections.kafka.ensure_topic(topic, connections.settings.kafka_partitions)
    say(f"producing {rate:g} events a second for {seconds:g} s")
    began = time.monotonic()
    live = records.live(world, seed, lambda: datetime.now(UTC), served_lists(connections))
    produced = connections.kafka.produce(topic, map(_stamped, paced(live, rate, seconds)))
    took = time.monotonic() - began
    return {
        "topic": topic,
        "produced_count": produced,
        "seconds": round(took, 2),
        "rate": rate,
        "rate_reached": round(produced / took, 1),
    }


def served_lists(connections: Connections) -> PublishedLists | None:
    """The lists that are served now; None before anything is published, or without a Mongo server."""
    if not supervisor.status(connections.settings)["mongo"]["up"]:
        return None
    served = connections.mongo.publication()
    if served is None:
        return None
    version = served.versions[LISTS]
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
    """The values, `rate` a second for so many seconds; fewer where they come more slowly than that.

    The n-th is due n / rate after the first, whatever the waits before it took, so that lateness
    does not add up.
    """
    source, began = iter(values), clock()
    for n in count():
        ahead = n / rate - (clock() - began)
        if n >= rate * seconds or clock() - began >= seconds:
            return
        if ahead > SLACK_S:
            sleep(ahead)
        try:
            yield next(source)
        except StopIteration:
            return


def _stamped(message: records.SimulatedMessage) -> Message:
    return Message(
        message.key.encode() if message.key else None,
        message.value,
        int(message.recorded_at.timestamp() * 1000),
    )


def _some_episodes(connections: Connections) -> list[EpisodeInfo]:
    episodes = known_episodes(connections)
    if not episodes:
        raise PermanentError(
            "No episodes are known yet: run `podrec ingest FEED_URL` and `podrec catch-up` first."
        )
    return episodes


def known_episodes(connections: Connections) -> list[EpisodeInfo]:
    """Episodes in the lake, with a topic each: the sample world's own, or the show for any other
    feed.
    """
    topics = library.topics()
    rows = connections.lake.read(
        "episodes",
        columns=("episode_id", "show_id", "feed_url", "published_at", "recorded_at", "duration_s"),
    )
    found = {}
    for row in sorted(rows.to_pylist(), key=lambda r: r["recorded_at"]):
        slug = row["feed_url"].rpartition("/")[2].removesuffix(".xml")
        found[row["episode_id"]] = EpisodeInfo(
            row["episode_id"],
            row["show_id"],
            topics.get(slug, row["show_id"]),
            row["published_at"] or row["recorded_at"],
            row["duration_s"] or 1800.0,
        )
    return [found[e] for e in sorted(found)]
