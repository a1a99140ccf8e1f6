"""`podrec ingest`: feeds to the topic `episode-metadata`, only what is new or changed."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, line, out, say
from podrec_assets.content.feeds import opml, podcastindex
from podrec_assets.errors import SetupError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.feed_ingest import counts_text, ingest_feeds
from podrec_assets.pipelines.content.feed_polling import PollReport

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def ingest(
    feed_urls: Annotated[
        list[str] | None, typer.Argument(metavar="FEED_URL", help="Addresses of feeds.")
    ] = None,
    opml_file: Annotated[
        Path | None, typer.Option("--opml", help="OPML file of feeds, exported by a podcast app.")
    ] = None,
    question: Annotated[
        str | None,
        typer.Option(
            "--podcastindex",
            metavar="WORDS",
            help="Search PodcastIndex for feeds; or trending, recent, feed:ID.",
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="With trending and recent: 90m, 24h, 7d, or an ISO time.")
    ] = None,
    most: Annotated[
        int,
        typer.Option(
            "--max", min=1, max=podcastindex.MAX_FEEDS, help="Most feeds from PodcastIndex."
        ),
    ] = 20,
    backdate: Annotated[
        bool,
        typer.Option(
            "--backdate", help="Stamp records with the publication time; only into an empty topic."
        ),
    ] = False,
    refetch: Annotated[
        bool,
        typer.Option("--refetch", help="Read feeds even if their server says nothing changed."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Read podcast feeds, announce new and changed episodes on Kafka, and follow the feeds.

    Followed feeds are polled again by the daemon of `podrec ui`. Exits 1 if a feed failed.

    Example: podrec ingest https://example.org/feed.xml --backdate

    Example: podrec ingest --opml subscriptions.opml

    Example: podrec ingest --podcastindex "birds at night" --max 5
    """
    connections, now = connect(), datetime.now(UTC)
    urls = list(feed_urls or [])
    if opml_file:
        urls += opml.feed_urls(_read(opml_file), str(opml_file))
    if question is not None:
        urls += _podcastindex_urls(connections, question, most, parse_since(since, now))
    elif since:
        raise typer.BadParameter("--since goes with --podcastindex trending or recent.")
    if not urls and question is None:
        raise typer.BadParameter("Give feed addresses, --opml FILE or --podcastindex WORDS.")
    document = ingest_feeds(connections, urls, backdate, now, refetch, say)
    emit(document, as_json, _print_ingest)
    if document["failed_count"]:
        raise typer.Exit(1)


def parse_since(text: str | None, now: datetime) -> datetime | None:
    """Parses 90m, 24h, 7d (before now) or an ISO time. Raises typer.BadParameter on failure."""
    if text is None:
        return None
    if span := re.fullmatch(r"(\d{1,5})([mhd])", text.strip()):
        return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as err:
        raise typer.BadParameter(f"{text!r} is not 90m, 24h, 7d or an ISO time.") from err
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _podcastindex_urls(
    connections: Connections, words: str, most: int, since: datetime | None
) -> list[str]:
    query = podcastindex.api_request(words, most, since)
    answer = connections.podcastindex.get(query.path, query.parameters)
    urls = podcastindex.feed_urls(answer, most)
    say(f"PodcastIndex: {len(urls)} feeds")
    return urls


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise SetupError(f"{path} cannot be read: {err.strerror}.") from err


def _print_ingest(document: dict) -> None:
    for feed in document["feeds"]:
        if feed["error"]:
            reason = f": {feed['error']} (kept as a dead letter)"
            out.print(line((feed["feed_url"], "red"), reason))
        else:
            out.print(f"{feed['show_title']}: {counts_text(PollReport(**feed))}")
    backdated = ", at their publication time" if document["backdated"] else ""
    out.print(f"{document['produced_count']} announcements produced{backdated}")
    if document["produced_count"]:
        out.print(
            "next: `podrec catch-up` reads them and makes lists; if `podrec ui` is running, its "
            "daemon does so",
            style="dim",
        )
