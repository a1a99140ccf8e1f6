"""`podrec sources`: the followed feeds and their health."""

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, line, out
from podrec_assets.content.feeds.source import DEAD, FAILING
from podrec_assets.errors import UnknownIdError
from podrec_assets.pipelines.content.sources_table import FollowedFeeds

FeedUrls = Annotated[list[str], typer.Argument(metavar="FEED_URL", help="Addresses of feeds.")]
_COLOURS = {FAILING: "yellow", DEAD: "red"}

sources = typer.Typer(
    name="sources",
    invoke_without_command=True,
    rich_markup_mode="rich",
)


@sources.callback()
def list_sources(context: typer.Context, as_json: Json = False) -> None:
    """List, add and remove the podcast feeds that podrec follows.

    Without a subcommand: lists them with status, last success, next poll, episodes and errors.

    Example: podrec sources
    """
    if context.invoked_subcommand is None:
        followed = FollowedFeeds(connect().lake).current()
        counts = Counter(source.status for source in followed)
        document = {
            "sources": [asdict(source) for source in followed],
            "status_counts": dict(sorted(counts.items())),
        }
        emit(document, as_json, print_sources)


@sources.command()
def add(feed_urls: FeedUrls, as_json: Json = False) -> None:
    """Follow feeds. The sensor `due_sources` polls them at its next tick, dead ones too.

    Example: podrec sources add https://example.org/feed.xml
    """
    added, known = FollowedFeeds(connect().lake).add(feed_urls, datetime.now(UTC))
    document = {
        "added": [source.feed_url for source in added],
        "followed_already": [source.feed_url for source in known],
    }
    emit(document, as_json, print_changes)


@sources.command()
def remove(feed_urls: FeedUrls, as_json: Json = False) -> None:
    """Stop following feeds. Their episodes stay.

    Example: podrec sources remove https://example.org/feed.xml
    """
    removed, unknown = FollowedFeeds(connect().lake).remove(feed_urls, datetime.now(UTC))
    emit({"removed": removed, "not_followed": unknown}, as_json, print_changes)
    if unknown:
        raise UnknownIdError(
            f"{', '.join(unknown)} is not followed; `podrec sources` lists the followed feeds."
        )


def print_sources(document: dict) -> None:
    """Prints each followed feed with its health."""
    if not document["sources"]:
        out.print(
            "no feed is followed; add one with `podrec ingest FEED_URL` or "
            "`podrec sources add FEED_URL`"
        )
    for row in document["sources"]:
        _print_source(row, _COLOURS.get(row["status"], "green"))


def print_changes(document: dict) -> None:
    """Prints what was added, removed or left alone."""
    for change, urls in document.items():
        for url in urls:
            out.print(f"{change.replace('_', ' ')}: {url}")


def _print_source(row: dict, colour: str) -> None:
    title = row["show_title"] or "(not read yet)"
    out.print(line((f"{row['status']:<8}", colour), f"{title}  ", (row["feed_url"], "dim")))
    is_dead = row["status"] == DEAD
    upcoming = "polled no more" if is_dead else f"next poll {_time(row['next_poll_at'])}"
    counts = f"{row['episode_count']} episodes, {row['announced_count']} announced"
    out.print(f"        {counts}; last success {_time(row['last_success_at'])}, {upcoming}")
    if row["moved_to"]:
        out.print(f"        moved to {row['moved_to']}")
    if row["last_error"]:
        failures = (f"{row['failure_count']} failures", colour)
        out.print(line("        ", failures, f": {row['last_error']}"))


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"
