"""Entry point of `podrec`, and the headings of its help."""

import io
import sys
from collections.abc import Callable

import typer

from podrec_assets.cli.accept_loss import accept_loss
from podrec_assets.cli.api import api
from podrec_assets.cli.backfill import backfill
from podrec_assets.cli.backup import backup
from podrec_assets.cli.catch_up import catch_up
from podrec_assets.cli.console import guard
from podrec_assets.cli.dashboard import dashboard
from podrec_assets.cli.dead_letters import dead_letters
from podrec_assets.cli.demo import demo
from podrec_assets.cli.doctor import doctor
from podrec_assets.cli.down import down
from podrec_assets.cli.episodes import episodes
from podrec_assets.cli.evaluate import evaluate
from podrec_assets.cli.export import export
from podrec_assets.cli.forget import forget
from podrec_assets.cli.graph import graph
from podrec_assets.cli.ingest import ingest
from podrec_assets.cli.models import models
from podrec_assets.cli.optimize import optimize
from podrec_assets.cli.plan import plan
from podrec_assets.cli.produce import produce
from podrec_assets.cli.publish import publish
from podrec_assets.cli.rebuild import rebuild
from podrec_assets.cli.recommend import recommend
from podrec_assets.cli.redrive import redrive
from podrec_assets.cli.replay import replay
from podrec_assets.cli.restore import restore
from podrec_assets.cli.run import run
from podrec_assets.cli.search import search
from podrec_assets.cli.settings import settings
from podrec_assets.cli.similar import similar
from podrec_assets.cli.simulate import simulate
from podrec_assets.cli.sources import sources
from podrec_assets.cli.status import status
from podrec_assets.cli.stream import stream
from podrec_assets.cli.trace import trace
from podrec_assets.cli.transcribe import transcribe
from podrec_assets.cli.ui import ui
from podrec_assets.cli.up import up
from podrec_assets.cli.vacuum import vacuum
from podrec_assets.cli.withdraw import withdraw
from podrec_assets.pipelines.operations.restore import check_restored
from podrec_assets.settings import Settings
from podrec_assets.visible_text import escape_log_records

COMMANDS: dict[str, tuple[Callable[..., None] | typer.Typer, ...]] = {
    "Start and check": (demo, up, ui, dashboard, api, down, status, doctor, settings),
    "Feeds and transcripts": (ingest, sources, episodes, search, plan, transcribe, models),
    "Listening events": (
        produce,
        simulate,
        stream,
        replay,
        redrive,
        accept_loss,
        dead_letters,
        forget,
    ),
    "Pipeline runs": (catch_up, run, backfill, graph),
    "Recommendations": (recommend, similar, trace, withdraw, publish, rebuild, export, evaluate),
    "Maintenance": (optimize, vacuum, backup, restore),
}
"""Commands by the heading of `podrec --help` under which they are listed, in this order."""

app = typer.Typer(
    help="Recommends podcast episodes to listeners.\n\n"
    "podrec reads podcast feeds and a Kafka topic of listening events. For each listener it "
    "publishes a ranked list of episodes, each with a reason. `podrec demo` shows all of it on "
    "built-in sample data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for _heading, _commands in COMMANDS.items():
    for _command in _commands:
        if isinstance(_command, typer.Typer):
            app.add_typer(_command, rich_help_panel=_heading)
        else:
            app.command(rich_help_panel=_heading)(_command)


@app.callback()
def _options(
    context: typer.Context,
    _debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    """--debug is read before the command is chosen: see main()."""
    if context.invoked_subcommand != "restore" and "--help" not in sys.argv:
        check_restored(Settings.load().home)


def main() -> None:
    """Runs the command line. Exit codes: 0 success, 1 failure, 2 wrong usage."""
    escape_log_records()
    for output in (sys.stdout, sys.stderr):
        # A terminal without UTF-8 must not end a command at the first foreign title.
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors="backslashreplace")
    sys.exit(guard(lambda: app(prog_name="podrec"), debug="--debug" in sys.argv))
