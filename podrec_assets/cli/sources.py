"""`podrec sources`: which feeds are followed, how they are, and adding and removing them."""

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from podrec_assets.cli.console import Json, connect, emit, out
from podrec_assets.content.feeds.source import DEAD, FAILING
from podrec_assets.errors import UnknownIdError
from podrec_assets.pipelines.content.sources_table import Followed

URLS = Annotated[list[str], typer.Argument(metavar="FEED_URL...", help="Addresses of feeds.")]
_COLOURS = {FAILING: "yellow", DEAD: "red"}

sources_app = typer.Typer(
    help="The followed feeds and their health.",
    invoke_without_command=True,
    rich_markup_mode="rich",
)


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.add_typer(sources_app, name="sources")


@sources_app.callback()
def list_sources(context: typer.Context, as_json: Json = False) -> None:
    """The followed feeds: status, last success, next poll, episodes, and what is wrong with those
    that fail.

    Example: podrec sources
    """
    if context.invoked_subcommand is None:
        found = Followed(connect().lake).present()
        counts = Counter(s.status for s in found)
        emit(
            {"sources": [asdict(s) for s in found], "status_counts": dict(sorted(counts.items()))},
            as_json,
            _print_sources,
        )


@sources_app.command()
def add(feed_urls: URLS, as_json: Json = False) -> None:
    """Follow feeds; the sensor `due_sources` polls them at its next tick. A dead feed is asked
    again.

    Example: podrec sources add https://example.org/feed.xml
    """
    new, known = Followed(connect().lake).add(feed_urls, datetime.now(UTC))
    emit(
        {"added": [s.feed_url for s in new], "followed_already": [s.feed_url for s in known]},
        as_json,
        _print_change,
    )


@sources_app.command()
def remove(feed_urls: URLS, as_json: Json = False) -> None:
    """Follow feeds no longer. Their episodes stay.

    Example: podrec sources remove https://example.org/feed.xml
    """
    removed, unknown = Followed(connect().lake).remove(feed_urls, datetime.now(UTC))
    emit({"removed": removed, "not_followed": unknown}, as_json, _print_change)
    if unknown:
        raise UnknownIdError(
            f"{', '.join(unknown)} is not followed; `podrec sources` lists what is."
        )


def _print_sources(document: dict) -> None:
    if not document["sources"]:
        out.print(
            "no feed is followed; `podrec ingest FEED_URL` or `podrec sources add FEED_URL` adds one"
        )
    for row in document["sources"]:
        colour = _COLOURS.get(row["status"], "green")
        out.print(
            f"[{colour}]{row['status']:<8}[/]{escape(row['show_title'] or '(not read yet)')}  [dim]{escape(row['feed_url'])}[/]"
        )
        upcoming = (
            "asked no more" if row["status"] == DEAD else f"next poll {_time(row['next_poll_at'])}"
        )
        counts = f"{row['episode_count']} episodes, {row['announced_count']} announced"
        out.print(f"        {counts}; last success {_time(row['last_success_at'])}, {upcoming}")
        if row["moved_to"]:
            out.print(f"        moved to {row['moved_to']}", markup=False)
        if row["last_error"]:
            out.print(
                f"        [{colour}]{row['failure_count']} failures[/]: {escape(row['last_error'])}"
            )


def _print_change(document: dict) -> None:
    for what, urls in document.items():
        for url in urls:
            out.print(f"{what.replace('_', ' ')}: {url}", markup=False)


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"
