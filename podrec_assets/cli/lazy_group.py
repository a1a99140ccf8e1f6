"""A command group that imports a command's module only when that command is used.

The modules of all commands together import Dagster, pyarrow and pandas: two seconds of CPU.
"""

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from podrec_assets.cli.command_table import COMMANDS

HEADINGS = {name: heading for heading, summaries in COMMANDS.items() for name in summaries}


class LazyCommands(Mapping[str, Any]):
    """The commands by name; `podrec catch-up` is the function `catch_up` of cli/catch_up.py."""

    def __getitem__(self, name: str) -> Any:
        return _load(name, HEADINGS[name])

    def __iter__(self) -> Iterator[str]:
        return iter(HEADINGS)

    def __len__(self) -> int:
        return len(HEADINGS)


class LazyGroup(TyperGroup):
    """The group of all commands. Its help shows the summaries of COMMANDS and loads no command."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands: Any = LazyCommands()

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.commands = {
            name: TyperCommand(name, help=summary, rich_help_panel=heading)
            for heading, summaries in COMMANDS.items()
            for name, summary in summaries.items()
        }
        super().format_help(ctx, formatter)


@cache
def _load(name: str, heading: str) -> Any:
    word = name.replace("-", "_")
    command = getattr(importlib.import_module(f"podrec_assets.cli.{word}"), word)
    if isinstance(command, typer.Typer):  # a group of subcommands
        loaded: Any = typer.main.get_group(command)
    else:
        alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
        alone.command(name)(command)
        loaded = typer.main.get_command(alone)
    loaded.rich_help_panel = heading
    return loaded
