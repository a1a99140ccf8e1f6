"""Entry point of `podrec`."""

import sys

import typer
from typer.models import CommandInfo

from podrec_assets.cli import (
    api,
    backfill,
    backup,
    catch_up,
    demo,
    episodes,
    evaluate,
    forget,
    graph,
    ingest,
    simulate,
    recommend,
    replay,
    run,
    search,
    up,
    sources,
    stream,
    trace,
    models,
    ui,
    vacuum,
)
from podrec_assets.cli.console import guard

app = typer.Typer(
    help="podrec: podcast feeds and listening events in, explained personal recommendations out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for family in (
    up,
    ingest,
    sources,
    simulate,
    demo,
    run,
    catch_up,
    backfill,
    backup,
    graph,
    recommend,
    episodes,
    search,
    replay,
    stream,
    forget,
    evaluate,
    trace,
    ui,
    api,
    models,
    vacuum,
):
    family.register(app)

PANELS = {
    "Start": ("up", "demo", "ui", "dashboard", "api", "down", "status", "doctor", "settings"),
    "Feeds and transcripts": (
        "ingest",
        "sources",
        "episodes",
        "search",
        "plan",
        "transcribe",
        "models",
    ),
    "Events": ("produce", "simulate", "stream", "replay", "accept-loss", "dead-letters", "forget"),
    "Make": ("catch-up", "run", "backfill", "graph"),
    "Lists": ("recommend", "similar", "trace", "publish", "rebuild", "export", "evaluate"),
    "Upkeep": ("optimize", "vacuum", "backup", "restore"),
}
"""Headings of `podrec --help`, in this order."""
_panel_of = {name: panel for panel, names in PANELS.items() for name in names}
_order = list(_panel_of)


def _name(command: CommandInfo) -> str:
    return str(command.name or getattr(command.callback, "__name__", ""))


for _command in app.registered_commands:
    _command.rich_help_panel = _panel_of.get(_name(_command))
for _group in app.registered_groups:
    _group.rich_help_panel = _panel_of.get(_group.name or "")
app.registered_commands.sort(
    key=lambda c: _order.index(_name(c)) if _name(c) in _order else len(_order)
)


@app.callback()
def _options(
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    """--debug is read before the command is chosen; see main()."""


def main() -> None:
    """Runs the command line. Exit codes: 0 done, 1 failed, 2 wrong usage."""
    sys.exit(guard(lambda: app(prog_name="podrec"), debug="--debug" in sys.argv))
