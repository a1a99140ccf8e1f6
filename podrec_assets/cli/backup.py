"""`podrec backup | restore`: the home as a verified copy of a standstill, and back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import dagster as dg
import typer

from podrec_assets.cli.console import Json, connect, emit, out, say
from podrec_assets.defs.dagster_internals import RUNS_IN_PROGRESS
from podrec_assets.defs.instance import daemon_silence_s, open_instance
from podrec_assets.errors import RetryableError
from podrec_assets.pipelines.operations.backup import Backup, back_up
from podrec_assets.pipelines.operations.backup import restore as restore_home
from podrec_assets.settings import Settings

ALIVE_S = 60.0
"""The daemon gives a sign of life twice a minute."""


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to be made, outside PODREC_HOME.")
    ],
    as_json: Json = False,
) -> None:
    """Copy PODREC_HOME into a folder, with a manifest of hashes. Everything has to stand still:
    `podrec down`, no `podrec ui`.

    External Kafka, MongoDB or a lake elsewhere are not copied but named: back them up at the same
    standstill. Downloaded audio is left out, it is fetched again where it is needed.

    Example: podrec down && podrec backup /backups/2026-11-25
    """
    connections = connect()
    _refuse_while_dagster_works(connections.settings)
    made = back_up(connections.settings, connections.lake, folder, say)
    emit(
        _document(made, folder),
        as_json,
        lambda d: _print_copied(d, f"{d['home']} is backed up in {folder}"),
    )


def restore(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder that `podrec backup` made.")
    ],
    as_json: Json = False,
) -> None:
    """Put a backup into an empty PODREC_HOME after every file's hash was verified.

    Example: podrec restore /backups/2026-11-25 && podrec up && podrec doctor --deep
    """
    settings = Settings.load()
    made = restore_home(settings, folder, say)
    text = f"{settings.home} is as it was at {made.made_at}; next: `podrec up`, then `podrec doctor --deep`"
    emit(_document(made, folder), as_json, lambda d: _print_copied(d, text))


def _refuse_while_dagster_works(settings: Settings) -> None:
    """Raises RetryableError while the daemon runs or a run is in progress: both write to the home
    at any time.
    """
    if not (settings.home / "dagster").is_dir():
        return
    with open_instance(settings) as instance:
        if (age := daemon_silence_s(instance, datetime.now(UTC))) < ALIVE_S:
            raise RetryableError(
                f"Dagster's daemon was alive {age:.0f} s ago: stop `podrec ui` and try again in {ALIVE_S:.0f} s."
            )
        running = instance.get_run_records(dg.RunsFilter(statuses=RUNS_IN_PROGRESS), limit=1)
        if running:
            raise RetryableError(
                f"Run {running[0].dagster_run.run_id} is in progress: wait for it. If its process is gone, `podrec ui` notes that within a minute."
            )


def _document(made: Backup, folder: Path) -> dict:
    return {
        "folder": str(folder),
        "home": made.home,
        "made_at": made.made_at,
        "podrec": made.podrec,
        "file_count": len(made.files),
        "byte_count": made.byte_count,
        "outside": made.outside,
    }


def _print_copied(document: dict, text: str) -> None:
    out.print(text, markup=False)
    out.print(
        f"  {document['file_count']} files, {document['byte_count'] / 1e6:,.1f} MB, each with its sha256"
    )
    for store in document["outside"]:
        out.print(
            f"  not in it: {store}, to be backed up by its own means at the same standstill",
            markup=False,
        )
