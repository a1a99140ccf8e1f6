"""`podrec episodes | dead-letters`: what is known, and what could not be used."""

from datetime import UTC, date, datetime
from typing import Annotated

import typer
from rich.markup import escape

from podrec_assets.cli.console import Json, connect, emit, out, parse_days
from podrec_assets.serving import analytics, catalogue
from podrec_assets.settings import Settings

FIELDS = (
    "episode_id",
    "show_title",
    "title",
    "published_at",
    "duration_s",
    "feed_url",
    "guid",
    "audio_url",
)


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(episodes)
    app.command("dead-letters")(dead_letters)


def episodes(
    words: Annotated[
        str, typer.Argument(metavar="[WORDS]", help="Only those with these words in show or title.")
    ] = "",
    k: Annotated[
        int | None, typer.Option("--k", min=1, help="Number of episodes; 20, with --json all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the known episodes, newest first, with the id that events and other commands use; --json
    adds guid and addresses.

    Example: podrec episodes "comet" --json
    """
    found = list(catalogue.episodes(connect(), FIELDS).values())
    wanted = [r for r in found if words.casefold() in f"{r['show_title']} {r['title']}".casefold()]
    wanted.sort(
        key=lambda r: (
            -(r["published_at"] or datetime(1970, 1, 1, tzinfo=UTC)).timestamp(),
            r["episode_id"],
        )
    )
    shown = wanted[: k or (None if as_json else 20)]
    emit(
        {"known_count": len(found), "found_count": len(wanted), "episodes": shown},
        as_json,
        _print_episodes,
    )


def _print_episodes(document: dict) -> None:
    if not document["known_count"]:
        out.print("no episode is known yet: `podrec ingest FEED_URL`, then `podrec catch-up`")
    for row in document["episodes"]:
        published = f"{row['published_at']:%Y-%m-%d}" if row["published_at"] else " " * 10
        out.print(
            f"{row['episode_id']}  {published}  {escape(row['title'] or '-')} [dim]({escape(row['show_title'] or '-')})[/]"
        )
    if (hidden := document["found_count"] - len(document["episodes"])) > 0:
        out.print(f"and {hidden} more: --k {document['found_count']}", style="dim")


def dead_letters(
    reason: Annotated[
        str, typer.Option("--reason", help="Only of this reason, e.g. not_json.")
    ] = "",
    days: Annotated[
        str, typer.Option("--days", help="A..B or one day on which they were met; all by default.")
    ] = "",
    as_json: Json = False,
) -> None:
    """What no stage could use: how many of each reason, or with --reason the newest 50 with place,
    sentence and bytes.

    Example: podrec dead-letters --reason not_json
    """
    first, last = parse_days(days) if days else (Settings.start_day, datetime.now(UTC).date())
    document = _letters(reason, first, last) if reason else _reasons(first, last)
    emit(document, as_json, _print_letters if reason else _print_reasons)


def _reasons(first: date, last: date) -> dict:
    return {"reasons": analytics.ask(connect(), analytics.DEAD_LETTERS, first, last).to_pylist()}


def _letters(reason: str, first: date, last: date) -> dict:
    rows = analytics.ask(connect(), analytics.LETTERS_OF, first, last, reason=reason).to_pylist()
    return {
        "letters": [
            {**row, "payload": (row["payload"] or b"").decode("utf-8", errors="backslashreplace")}
            for row in rows
        ]
    }


def _print_reasons(document: dict) -> None:
    if not document["reasons"]:
        out.print("none: every record could be used")
    for row in document["reasons"]:
        out.print(
            f"{row['letters']:>7}  {row['reason']:<24} {row['stage']:<20} last on {row['latest_day']}",
            markup=False,
        )


def _print_letters(document: dict) -> None:
    if not document["letters"]:
        out.print("none of that reason; `podrec dead-letters` lists the reasons there are")
    for row in document["letters"]:
        out.print(f"{row['day']}  {row['stage']}  {row['source_key']}", markup=False)
        out.print(f"    {row['detail']}", markup=False)
        if row["payload"]:
            out.print(f"    {row['payload'][:300]}", markup=False, style="dim")
