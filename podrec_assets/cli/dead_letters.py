"""`podrec dead-letters`: the records that could not be used."""

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out, parse_days
from podrec_assets.serving import analytics
from podrec_assets.settings import Settings


def dead_letters(
    reason: Annotated[
        str, typer.Option("--reason", help="Show the letters of one reason, e.g. not_json.")
    ] = "",
    days: Annotated[
        str, typer.Option("--days", help="A..B or one day on which they were written; default all.")
    ] = "",
    as_json: Json = False,
) -> None:
    """List the records that could not be used: feeds, transcripts or events with an error.

    Prints how many there are of each reason; with --reason the newest 50 of that reason, each with
    its source, error and content.

    Example: podrec dead-letters --reason not_json
    """
    first, last = parse_days(days) if days else (Settings.start_day, datetime.now(UTC).date())
    document = _letters(reason, first, last) if reason else _reasons(first, last)
    emit(document, as_json, _print_letters if reason else _print_reasons)


def _reasons(first: date, last: date) -> dict:
    return {"reasons": analytics.ask(connect(), analytics.DEAD_LETTERS, first, last).to_pylist()}


def _letters(reason: str, first: date, last: date) -> dict:
    rows = analytics.ask(
        connect(), analytics.DEAD_LETTERS_BY_REASON, first, last, reason=reason
    ).to_pylist()
    return {
        "letters": [
            {**row, "payload": (row["payload"] or b"").decode("utf-8", errors="backslashreplace")}
            for row in rows
        ]
    }


def _print_reasons(document: dict) -> None:
    if not document["reasons"]:
        out.print("none: all records could be used")
    for row in document["reasons"]:
        latest = f"last on {row['latest_day']}"
        line = f"{row['letters']:>7}  {row['reason']:<24} {row['stage']:<20} {latest}"
        out.print(line)


def _print_letters(document: dict) -> None:
    if not document["letters"]:
        out.print("none for that reason; `podrec dead-letters` lists the reasons")
    for row in document["letters"]:
        out.print(f"{row['day']}  {row['stage']}  {row['source_key']}")
        out.print(f"    {row['detail']}")
        if row["payload"]:
            out.print(f"    {row['payload'][:300]}", style="dim")
