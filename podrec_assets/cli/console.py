"""What all commands share: output as text or JSON, progress on stderr, and one-line errors."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from podrec_assets.errors import PodrecError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.settings import Settings

# Titles and errors contain untrusted text: `escape` or markup=False keeps rich from reading it as
# markup, which could style a line or raise an error.
out = Console(highlight=False, soft_wrap=True, emoji=False)
progress = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


def say(text: str) -> None:
    """Prints progress on stderr, so that --json output stays clean."""
    progress.print(text, style="dim", markup=False)


def emit(document: dict, as_json: bool, text: Callable[[dict], None]) -> None:
    """Prints the document as JSON, or as text with the given function."""
    if as_json:
        sys.stdout.write(json.dumps(document, default=str, ensure_ascii=False, indent=2) + "\n")
    else:
        text(document)


def connect() -> Connections:
    """Returns connections for the settings of this process."""
    return Connections.open(Settings.load())


def parse_days(text: str) -> tuple[date, date]:
    """Parses A..B or one day into first and last day. Raises typer.BadParameter on failure."""
    first, _, last = text.partition("..")
    try:
        days = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError as err:
        raise typer.BadParameter(
            f"{text!r} is not a day or A..B, e.g. 2026-11-01..2026-11-14."
        ) from err
    if days[0] > days[1]:
        raise typer.BadParameter(f"{days[0]} comes after {days[1]}.")
    return days


def today() -> str:
    """Returns the current day (UTC) in ISO format."""
    return datetime.now(UTC).date().isoformat()


def guard(command: Callable[[], Any], debug: bool) -> int:
    """Runs a command and returns its exit code: 0, or 1 after one line of error on stderr.

    With `debug` the error is raised instead, for its traceback.
    """
    try:
        command()
    except PodrecError as err:
        if debug:
            raise
        progress.print(f"[bold red]error:[/] {escape(str(err))}")
        return 1
    except KeyboardInterrupt:
        progress.print("stopped")
        return 1
    except Exception as err:
        if debug:
            raise
        line = escape(str(err).splitlines()[0] if str(err) else "")
        progress.print(f"[bold red]error:[/] {type(err).__name__}: {line} (--debug shows where)")
        return 1
    return 0
