"""A small world through Dagster, from the sample feeds and planted listeners."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from podrec_assets.cli.run import materialize
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.feed_ingest import ingest_feeds
from podrec_assets.pipelines.listening.event_import import to_message
from podrec_assets.services import jars, supervisor
from podrec_assets.settings import Settings

FACTS = "transcripts vectors user_vs_episode_daily dead_letters"
MODELS = (
    "als_top_n similarities fusion_weights final_recommendations publication "
    "recommendation_quality blend_experiment"
)
DAYS = 4


def build_world(home: Path, engine: str, today: date) -> Connections:
    """Returns connections to a home with running services and all tables filled by one engine."""
    settings = Settings(home=home, engine=engine)  # type: ignore[arg-type]
    jars.ensure_all(settings, print)
    supervisor.up(settings, print)
    connections = Connections(settings, {})
    base = supervisor.address(settings, "samples")
    connections.kafka.ensure_topic(settings.events_topic, 2)
    feeds = [f"{base}/feeds/{slug}.xml" for slug in ("tidewater", "crumb", "nightsky")]
    ingest_feeds(connections, feeds, True, datetime.now(UTC))
    run_all(connections, "episodes", first_episode_day(connections, today), today)
    connections.kafka.produce(
        settings.events_topic, [to_message(line) for line in planted(connections, today)]
    )
    fill(connections, today)
    return connections


def first_episode_day(connections: Connections, today: date) -> date:
    topic = connections.settings.episodes_topic
    return connections.kafka.first_record_days(topic, {0: 0}).get(0) or today


def run_all(connections: Connections, select: str, first: date, last: date) -> None:
    document = materialize(connections.settings, select, first, last)
    assert document["success"], document["errors"]


def fill(connections: Connections, today: date) -> None:
    run_all(connections, "user_events", today - timedelta(days=DAYS - 1), today)
    run_all(
        connections,
        "transcripts vectors",
        connections.lake.state("episodes").first_day or today,
        today,
    )
    run_all(
        connections, "user_vs_episode_daily dead_letters", today - timedelta(days=DAYS - 1), today
    )
    run_all(connections, MODELS, today - timedelta(days=1), today)


def by_show(connections: Connections) -> dict[str, list[str]]:
    rows = connections.lake.read(
        "episodes", columns=("episode_id", "show_title", "published_at")
    ).to_pylist()
    shows: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda r: r["published_at"]):
        shows.setdefault(row["show_title"], []).append(row["episode_id"])
    return shows


def planted(connections: Connections, today: date) -> list[bytes]:
    """Returns events: ten listeners finish a show but its last episode, the planted one half."""
    shows = by_show(connections)
    start = datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(days=DAYS - 1)
    lines, n = [], 0
    for show in ("Tidewater", "Crumb"):
        for listener in range(10):
            heard = shows[show][:3] if listener == 0 else shows[show]
            for episode in heard:
                n += 1
                at = start + timedelta(minutes=7 * n)
                lines.append(event(f"{show}-{listener}", episode, at, f"id-{n}"))
    lines.append(lines[0])
    lines += [b"this is no JSON", b'{"schema": 1, "event_id": "x", "user_id": "u"}']
    return lines


def event(user: str, episode: str, at: datetime, event_id: str) -> bytes:
    return json.dumps(
        {
            "schema": 1,
            "event_id": event_id,
            "user_id": user,
            "episode_id": episode,
            "kind": "play",
            "completed_share": 0.95,
            "occurred_at": at.isoformat(),
            "recorded_at": at.isoformat(),
        }
    ).encode()


def contents(world: Connections) -> dict:
    """All rows of all tables and the served lists, in order."""
    tables = {
        n: sorted(world.lake.read(n).to_pylist(), key=str)
        for n in (
            "episodes",
            "transcripts",
            "vectors",
            "user_events",
            "user_vs_episode_daily",
            "fusion_weights",
            "recommendation_quality",
            "dead_letters",
        )
    }
    published = world.mongo.publication()
    assert published is not None
    return tables | {n: world.mongo.documents(n, v) for n, v in published.versions.items()}
