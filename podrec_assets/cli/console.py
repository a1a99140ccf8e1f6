"""How commands speak: text for people or one JSON document, progress on stderr, errors in one line."""

import json
import sys
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from podrec_assets.errors import PodrecError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.storage_options import storage_options
from podrec_assets.settings import Settings

# Titles and errors hold what strangers wrote: `escape` or markup=False keeps it from styling a
# line, or from breaking it.
out = Console(highlight=False, soft_wrap=True, emoji=False)
progress = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


def say(text: str) -> None:
    """Progress of long work, on stderr so that --json output stays clean."""
    progress.print(text, style="dim", markup=False)


def emit(document: dict, as_json: bool, text: Callable[[dict], None]) -> None:
    """Prints the document as JSON, or as text by the given function."""
    if as_json:
        sys.stdout.write(json.dumps(document, default=str, ensure_ascii=False, indent=2) + "\n")
    else:
        text(document)


def connect() -> Connections:
    """The connections of this process's settings."""
    settings = Settings.load()
    return Connections(settings, storage_options(settings.lake_root))


def parse_days(text: str) -> tuple[date, date]:
    """A..B, or one day, as first and last day. Raises typer.BadParameter for anything else."""
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


def guard(command: Callable[[], Any], debug: bool) -> int:
    """Exit code of a command: 0 done, 1 failed with one line on stderr; a traceback only with
    --debug.
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
