"""Entry point of `podrec`."""

import sys

import typer

from podrec_assets.cli import (
    api,
    backfill,
    backup,
    catch_up,
    drawing,
    episodes,
    evaluate,
    feeds,
    forget,
    graph,
    listeners,
    lists,
    replay,
    search,
    services,
    sources,
    stream,
    trace,
    transcripts,
    ui,
    upkeep,
    world,
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
    services,
    feeds,
    sources,
    listeners,
    world,
    graph,
    catch_up,
    backfill,
    backup,
    drawing,
    lists,
    episodes,
    search,
    replay,
    stream,
    forget,
    evaluate,
    trace,
    ui,
    api,
    transcripts,
    upkeep,
):
    family.register(app)


@app.callback()
def _options(debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error.")) -> None:
    """--debug is read before the command is chosen; see main()."""


def main() -> None:
    """Runs the command line. Exit codes: 0 done, 1 failed, 2 wrong usage."""
    sys.exit(guard(lambda: app(prog_name="podrec"), debug="--debug" in sys.argv))
