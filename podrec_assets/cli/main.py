"""Entry point of `podrec`."""

import io
import sys

import typer

from podrec_assets.cli.console import guard
from podrec_assets.cli.lazy_group import LazyGroup
from podrec_assets.visible_text import escape_log_records

app = typer.Typer(
    cls=LazyGroup,
    help="Recommends podcast episodes to listeners.\n\n"
    "podrec reads podcast feeds and a Kafka topic of listening events. For each listener it "
    "publishes a ranked list of episodes, each with a reason. `podrec demo` shows all of it on "
    "built-in sample data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def _options(
    context: typer.Context,
    _debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    """--debug is read before the command is chosen: see main()."""
    if context.invoked_subcommand != "restore" and "--help" not in sys.argv:
        from podrec_assets.pipelines.operations.restore import check_restored
        from podrec_assets.settings import Settings

        check_restored(Settings.load().home)


def main() -> None:
    """Runs the command line. Exit codes: 0 success, 1 failure, 2 wrong usage."""
    escape_log_records()
    for output in (sys.stdout, sys.stderr):
        # A terminal without UTF-8 must not end a command at the first foreign title.
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors="backslashreplace")
    sys.exit(guard(lambda: app(prog_name="podrec"), debug="--debug" in sys.argv))
