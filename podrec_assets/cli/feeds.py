"""`podrec ingest`: feeds to `episode-metadata`, only what is new or changed."""

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out, say
from podrec_assets.content import announcements
from podrec_assets.content.feeds import parse_feed
from podrec_assets.errors import PodrecError
from podrec_assets.resources.connections import Connections
from podrec_assets.stores.kafka import Message

STAGE = "ingest"


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(ingest)


def ingest(
    feed_urls: Annotated[list[str], typer.Argument(metavar="FEED_URL...", help="Addresses of RSS feeds.")],
    backdate: Annotated[
        bool, typer.Option("--backdate", help="Into an empty topic: stamp records with the publication time.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Announce the new and changed episodes of feeds on the topic `episode-metadata`.

    Example: podrec ingest https://example.org/feed.xml --backdate
    """
    document = ingest_feeds(connect(), feed_urls, backdate, datetime.now(UTC))
    emit(document, as_json, _print_ingest)
    if document["failed_count"]:
        raise typer.Exit(1)


def ingest_feeds(connections: Connections, feed_urls: list[str], backdate: bool, now: datetime) -> dict:
    """Polls the feeds and produces what is new; a feed or item that cannot be used is a dead letter and a line.

    Returns:
        {"feeds": [{"feed_url", "show_title", "episode_count", "produced_count", "error", "dead_letter_count"}],
         "produced_count", "failed_count", "backdated"}
    """
    topic = connections.settings.episodes_topic
    connections.kafka.ensure_topic(topic, 1)
    known = known_announcements(connections)
    is_empty = not any(connections.kafka.end_offsets(topic).values())
    reports, fresh = [], []
    for url in feed_urls:
        report, announced = _poll(connections, url, now)
        new = [a for a in announced if known.get(a.episode_id) != a.content_hash]
        known |= {a.episode_id: a.content_hash for a in new}
        fresh += new
        reports.append(report | {"produced_count": len(new)})
        say(f"{url}: {report['error'] or str(report['episode_count']) + ' episodes, ' + str(len(new)) + ' new or changed'}")
    backdated = backdate and is_empty
    if backdate and not is_empty and fresh:
        say("the topic is not empty, so these records bear the present time")
    connections.kafka.produce(topic, _messages(fresh, backdated, now, connections.settings.start_day))
    return {
        "feeds": reports,
        "produced_count": len(fresh),
        "failed_count": sum(bool(r["error"]) for r in reports),
        "backdated": backdated,
    }


def known_announcements(connections: Connections) -> dict[str, str]:
    """Content hash of the latest announcement of each episode, landed or still only on the topic."""
    kafka, topic = connections.kafka, connections.settings.episodes_topic
    low, ends = kafka.begin_offsets(topic), kafka.end_offsets(topic)
    known: dict[str, str] = {}
    # The topic is small and the truth about what was announced, whatever has landed since.
    for records in kafka.read(topic, {p: (low[p], end) for p, end in ends.items() if end > low[p]}):
        rows, _ = announcements.landing_rows(records, lambda r: datetime.fromtimestamp(r.timestamp_ms / 1000, UTC).date())
        known |= {r["episode_id"]: r["content_hash"] for r in rows}
    return known


def _poll(connections: Connections, url: str, now: datetime) -> tuple[dict, list]:
    report = {"feed_url": url, "show_title": None, "episode_count": 0, "error": None, "dead_letter_count": 0}
    try:
        fetched = connections.fetcher.get(url)
        feed = parse_feed(fetched.body, url)
    except PodrecError as err:
        letter = {
            "day": now.date(),
            "stage": STAGE,
            "source_key": url,
            "reason": getattr(err, "reason", "feed_unusable"),
            "detail": str(err),
        }
        connections.lake.add_dead_letters([letter])
        return report | {"error": str(err), "dead_letter_count": 1}, []
    letters = [
        {
            "day": now.date(),
            "stage": STAGE,
            "source_key": p.source_key,
            "reason": p.reason,
            "detail": p.detail,
            "payload": p.payload,
        }
        for p in feed.problems
    ]
    connections.lake.add_dead_letters(letters)
    counts = {"show_title": feed.show_title, "episode_count": len(feed.episodes), "dead_letter_count": len(letters)}
    return report | counts, feed.episodes


def _messages(fresh: list, backdated: bool, now: datetime, floor: date) -> list[Message]:
    """Messages in time order; backdated ones bear their publication time, held between the first day and now."""
    first = datetime(floor.year, floor.month, floor.day, tzinfo=UTC)
    stamped = sorted(((min(max(a.published_at or first, first), now), a) for a in fresh), key=lambda s: (s[0], s[1].episode_id))
    return [
        Message(a.episode_id.encode(), announcements.encode(a), int(at.timestamp() * 1000) if backdated else None)
        for at, a in stamped
    ]


def _print_ingest(document: dict) -> None:
    for feed in document["feeds"]:
        if feed["error"]:
            out.print(f"[red]{feed['feed_url']}[/]: {feed['error']} (kept as a dead letter)")
        else:
            out.print(f"{feed['show_title']}: {feed['episode_count']} episodes, {feed['produced_count']} new or changed")
    out.print(
        f"{document['produced_count']} announcements produced" + (", at their publication time" if document["backdated"] else "")
    )
