"""`podrec produce | simulate`: one's own events, or simulated listeners, to `user-events`."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out, say
from podrec_assets.errors import PermanentError
from podrec_assets.listening.simulator import EpisodeInfo
from podrec_assets.listening.simulator import simulate as simulate_listeners
from podrec_assets.resources.connections import Connections
from podrec_assets.sample_world import library
from podrec_assets.stores.kafka import Message


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(produce)
    app.command()(simulate)


def produce(
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="One event object a line.")],
    topic: Annotated[str, typer.Option("--topic", help="Topic to produce to.")] = "user-events",
    as_json: Json = False,
) -> None:
    """Import events: each line becomes one record; an optional recorded_at becomes its timestamp.

    Lines that are not JSON are produced as they are, so that landing shows what it does with them.

    Example: podrec produce my-events.jsonl --topic user-events
    """
    if not file.is_file():
        raise PermanentError(f"{file} is not a file; give a file with one JSON object a line.")
    connections = connect()
    connections.kafka.ensure_topic(topic, connections.settings.kafka_partitions)
    with file.open("rb") as lines:
        count = connections.kafka.produce(topic, (to_message(line.rstrip(b"\r\n")) for line in lines if line.strip()))
    emit(
        {"topic": topic, "produced_count": count},
        as_json,
        lambda d: out.print(f"{d['produced_count']} records produced to {d['topic']}"),
    )


def to_message(line: bytes) -> Message:
    """The Kafka record of one line; whatever cannot be understood is left for landing to refuse."""
    try:
        event = json.loads(line)
        stamp = event.pop("recorded_at", None)
        timestamp_ms = int(datetime.fromisoformat(stamp).timestamp() * 1000) if stamp is not None else None
        return Message(str(event.get("user_id", "")).encode(), json.dumps(event, ensure_ascii=False).encode(), timestamp_ms)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return Message(None, line, None)


def simulate(
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="Days of listening, ending today.")] = 14,
    users: Annotated[int, typer.Option("--users", min=1, help="Number of listeners.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same world.")] = 7,
    as_json: Json = False,
) -> None:
    """Produce the events of simulated listeners over the known episodes, with record timestamps in the past.

    Example: podrec simulate --days 14 --users 200 --seed 7
    """
    document = simulate_events(connect(), days, users, seed, datetime.now(UTC))
    emit(document, as_json, lambda d: out.print(f"{d['produced_count']} events of {users} listeners over {days} days produced"))


def simulate_events(connections: Connections, days: int, users: int, seed: int, now: datetime) -> dict:
    """Produces simulated events to the events topic.

    Raises:
        PermanentError: no episodes are known yet.
    """
    episodes = known_episodes(connections)
    if not episodes:
        raise PermanentError("No episodes are known yet: run `podrec ingest` and `podrec run --select episodes` first.")
    messages = simulate_listeners(episodes, days, users, seed, now)
    topic = connections.settings.events_topic
    connections.kafka.ensure_topic(topic, connections.settings.kafka_partitions)
    say(f"producing {len(messages)} events")
    count = connections.kafka.produce(
        topic, (Message(m.key.encode() if m.key else None, m.value, int(m.recorded_at.timestamp() * 1000)) for m in messages)
    )
    return {"topic": topic, "produced_count": count, "listener_count": users, "days": days, "seed": seed}


def known_episodes(connections: Connections) -> list[EpisodeInfo]:
    """Episodes in the lake, with a topic each: the sample world's own, or the show for any other feed."""
    topics = library.topics()
    rows = connections.lake.read(
        "episodes", columns=("episode_id", "show_id", "feed_url", "published_at", "recorded_at", "duration_s")
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


def first_day(days: int, today: date) -> date:
    """First of the `days` days that end today."""
    return today - timedelta(days=days - 1)
