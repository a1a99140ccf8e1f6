"""What all commands share: output as text or JSON, progress on stderr, and one-line errors."""

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from podrec_assets.errors import sentence
from podrec_assets.visible_text import visible, visible_json, visible_traceback

if TYPE_CHECKING:
    from podrec_assets.pipelines.connections import Connections


class Terminal(Console):
    """A console that shows every string verbatim, as one line of visible text.

    Ids, titles and errors come from outside: they must not style a line, end a command with an
    error of markup, forge a line or reach the terminal as control characters. Styles come from
    `line` and from the `style` argument only.
    """

    def __init__(self, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, soft_wrap=True, emoji=False, markup=False)

    def render_str(self, text: str, **options: Any) -> Text:  # type: ignore[override]
        return super().render_str(visible(text), **options | {"markup": False})


out = Terminal()
progress = Terminal(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


def line(*parts: str | tuple[str, str]) -> Text:
    """Returns one line of texts and (text, style) pairs; each text is shown verbatim."""
    return Text.assemble(
        *(visible(p) if isinstance(p, str) else (visible(p[0]), p[1]) for p in parts)
    )


def say(text: str) -> None:
    """Prints progress on stderr, so that --json output stays clean."""
    progress.print(text, style="dim")


def emit(document: dict, as_json: bool, text: Callable[[dict], None]) -> None:
    """Prints the document as JSON, or as text with the given function."""
    if as_json:
        sys.stdout.write(visible_json(document) + "\n")
    else:
        text(document)


def connect() -> "Connections":
    """Returns connections for the settings of this process."""
    from podrec_assets.pipelines.connections import Connections
    from podrec_assets.settings import Settings

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

    With `debug` the traceback comes first.
    """
    try:
        command()
    except KeyboardInterrupt:
        progress.print("stopped")
        return 1
    except Exception as err:
        if debug:
            for text in visible_traceback(err).splitlines():
                progress.print(text)
        progress.print(line(("error:", "bold red"), f" {sentence(err)}"))
        return 1
    return 0
