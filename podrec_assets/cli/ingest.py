"""`podrec ingest`: feeds to `episode-metadata`, only what is new or changed."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from podrec_assets.cli.console import Json, connect, emit, out, say
from podrec_assets.content.feeds import opml, podcastindex
from podrec_assets.content.feeds import source as sources
from podrec_assets.content.feeds.ids import feed_key
from podrec_assets.errors import SetupError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.feed_polling import Ingest, PollReport
from podrec_assets.pipelines.content.sources_table import Followed

MANY = 4
"""Feeds from which on progress is told while they are read."""
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(ingest)


def ingest(
    feed_urls: Annotated[
        list[str] | None, typer.Argument(metavar="[FEED_URL]...", help="Addresses of feeds.")
    ] = None,
    opml_file: Annotated[
        Path | None, typer.Option("--opml", help="OPML file with feeds, as podcast apps export it.")
    ] = None,
    question: Annotated[
        str | None,
        typer.Option(
            "--podcastindex",
            metavar="WORDS",
            help="Feeds that PodcastIndex finds; or trending, recent, feed:ID.",
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="With trending and recent: 90m, 24h, 7d, or an ISO time.")
    ] = None,
    most: Annotated[
        int,
        typer.Option("--max", min=1, max=podcastindex.MOST, help="Most feeds from PodcastIndex."),
    ] = 20,
    backdate: Annotated[
        bool,
        typer.Option(
            "--backdate", help="Into an empty topic: stamp records with the publication time."
        ),
    ] = False,
    refetch: Annotated[
        bool,
        typer.Option("--refetch", help="Read the feeds even if their server says nothing changed."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Announce the new and changed episodes of feeds on the topic `episode-metadata`, and follow
    the feeds from now on.

    Example: podrec ingest https://example.org/feed.xml --backdate
    Example: podrec ingest --opml subscriptions.opml
    Example: podrec ingest --podcastindex "birds at night" --max 5
    """
    connections, now = connect(), datetime.now(UTC)
    urls = list(feed_urls or [])
    if opml_file:
        urls += opml.feed_urls(_read(opml_file), str(opml_file))
    if question is not None:
        asked = podcastindex.question(question, most, parse_since(since, now))
        found = podcastindex.feed_urls(
            connections.podcastindex.get(asked.path, asked.parameters), most
        )
        say(f"PodcastIndex: {len(found)} feeds")
        urls += found
    elif since:
        raise typer.BadParameter("--since goes with --podcastindex trending or recent.")
    if not urls and question is None:
        raise typer.BadParameter("Give feed addresses, --opml FILE or --podcastindex WORDS.")
    document = ingest_feeds(connections, urls, backdate, now, refetch)
    emit(document, as_json, _print_ingest)
    if document["failed_count"]:
        raise typer.Exit(1)


def ingest_feeds(
    connections: Connections,
    feed_urls: list[str],
    backdate: bool,
    now: datetime,
    refetch: bool = False,
) -> dict:
    """Polls the feeds, due or not, and produces what is new; those that are feeds are followed from
    now on.

    Returns:
        {"feeds": [fields of PollReport], "produced_count", "failed_count", "backdated"}
    """
    round_ = Ingest(connections, now, backdate, refetch)
    if backdate and not round_.is_first:
        say("the topic is not empty, so new records bear the present time")
    reports, asked = [], _sources(connections, feed_urls, now)
    for report in round_.poll(asked):
        reports.append(report)
        if len(asked) >= MANY:  # what follows is told of each once more
            say(f"{report.feed_url}: {report.error or _counts(report)}")
    return {
        "feeds": [vars(r) for r in reports],
        "produced_count": sum(r.produced_count for r in reports),
        "failed_count": sum(bool(r.error) for r in reports),
        "backdated": round_.is_backdated,
    }


def parse_since(text: str | None, now: datetime) -> datetime | None:
    """The time that 90m, 24h, 7d (before now) or an ISO time names. Raises typer.BadParameter for
    anything else.
    """
    if text is None:
        return None
    if span := re.fullmatch(r"(\d{1,5})([mhd])", text.strip()):
        return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as err:
        raise typer.BadParameter(f"{text!r} is not 90m, 24h, 7d or an ISO time.") from err
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _sources(connections: Connections, feed_urls: list[str], now: datetime) -> list[sources.Source]:
    """Each feed once, as it is known already under any of its addresses."""
    known: dict[str, sources.Source] = {}
    for source in Followed(connections.lake).present():
        known[source.key] = source
        if source.moved_to:
            known.setdefault(feed_key(source.moved_to), source)
    wanted = {}
    for url in feed_urls:
        source = known.get(feed_key(url)) or sources.followed(url, now)
        wanted[source.key] = source
    return list(wanted.values())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise SetupError(f"{path} cannot be read: {err.strerror}.") from err


def _counts(report: PollReport) -> str:
    return (
        "nothing changed"
        if report.is_unchanged
        else f"{report.episode_count} episodes, {report.produced_count} new or changed"
    )


def _print_ingest(document: dict) -> None:
    for feed in document["feeds"]:
        if feed["error"]:
            out.print(
                f"[red]{escape(feed['feed_url'])}[/]: {escape(feed['error'])} (kept as a dead letter)"
            )
        else:
            out.print(f"{feed['show_title']}: {_counts(PollReport(**feed))}", markup=False)
    out.print(
        f"{document['produced_count']} announcements produced"
        + (", at their publication time" if document["backdated"] else "")
    )
    if document["produced_count"]:
        out.print(
            "next: `podrec catch-up` reads them and makes lists; where `podrec ui` runs, its daemon does",
            style="dim",
        )
