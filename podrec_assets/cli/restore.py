"""`podrec restore`: puts a backup back."""

from pathlib import Path
from typing import Annotated

import typer

from podrec_assets.cli.backup import describe, print_copied
from podrec_assets.cli.console import Json, emit, say
from podrec_assets.pipelines.operations.restore import restore as restore_home
from podrec_assets.settings import Settings


def restore(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder that `podrec backup` wrote.")
    ],
    as_json: Json = False,
) -> None:
    """Restore a backup into an empty PODREC_HOME, after verifying the hash of every file.

    If it is cut off, the home is still empty or already whole; other commands say so.

    Example: podrec restore /backups/2026-11-25 && podrec up && podrec doctor --deep
    """
    settings = Settings.load()
    backup = restore_home(settings, folder, say)
    text = (
        f"{settings.home} is restored to its state of {backup.made_at}; "
        "next: `podrec up`, then `podrec doctor --deep`"
    )
    emit(describe(backup, folder), as_json, lambda document: print_copied(document, text))
