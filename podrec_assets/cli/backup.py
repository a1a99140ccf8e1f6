"""`podrec backup`: a verified offline copy of PODREC_HOME."""

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
from podrec_assets.settings import Settings

ALIVE_S = 60.0
"""Silence after which the daemon counts as stopped; its heartbeat comes every 30 seconds."""


def backup(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to create, outside PODREC_HOME.")
    ],
    as_json: Json = False,
) -> None:
    """Copy PODREC_HOME into a folder, with a manifest of hashes. Backups are offline.

    Stop everything first: `podrec down`, and Ctrl-C in `podrec ui`. An external Kafka, MongoDB or
    lake is not copied but named: back it up before you start podrec again. Downloaded audio is left
    out, since it can be fetched again.

    Example: podrec down && podrec backup /backups/2026-11-25
    """
    connections = connect()
    _refuse_while_dagster_works(connections.settings)
    manifest = back_up(connections.settings, connections.lake, folder, say)
    text = f"{manifest.home} is backed up in {folder}"
    emit(describe(manifest, folder), as_json, lambda document: print_copied(document, text))


def describe(backup: Backup, folder: Path) -> dict:
    """Returns the document that backup and restore print."""
    return {
        "folder": str(folder),
        "home": backup.home,
        "made_at": backup.made_at,
        "podrec": backup.podrec,
        "file_count": len(backup.files),
        "byte_count": backup.byte_count,
        "outside": backup.outside,
    }


def print_copied(document: dict, text: str) -> None:
    """Prints the text, the number of files and what the backup does not contain."""
    out.print(text)
    size = f"{document['byte_count'] / 1e6:,.1f} MB"
    out.print(f"  {document['file_count']} files, {size}, each verified by its SHA-256")
    for store in document["outside"]:
        out.print(f"  not included: {store}; back it up before podrec runs again")


def _refuse_while_dagster_works(settings: Settings) -> None:
    """Raises RetryableError if the daemon or a run is active, since both write to the home."""
    if not (settings.home / "dagster").is_dir():
        return
    with open_instance(settings) as instance:
        if (age := daemon_silence_s(instance, datetime.now(UTC))) < ALIVE_S:
            raise RetryableError(
                f"Dagster's daemon was alive {age:.0f} s ago: stop `podrec ui` and try again in "
                f"{ALIVE_S:.0f} s."
            )
        running = instance.get_run_records(dg.RunsFilter(statuses=RUNS_IN_PROGRESS), limit=1)
        if running:
            raise RetryableError(
                f"Run {running[0].dagster_run.run_id} is in progress: wait until it ends. If its "
                "process is gone, `podrec ui` ends it within a minute."
            )
