"""Restores of `PODREC_HOME`: until one rename the home is empty, and from then on it is whole.

Files are verified and copied next to the home, and the copy is renamed to the home. Where that is
impossible, because the home is a mounted volume or its parent is not writable, they are copied into
the home: a rename marks the copy as whole, and whoever comes next finishes moving its parts.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from podrec_assets.errors import PermanentError
from podrec_assets.pipelines.operations.backup import (
    CONTENT,
    FORMAT,
    MANIFEST,
    Backup,
    check_space,
    copy_bytes,
)
from podrec_assets.settings import Settings

RESTORING = ".restoring"
COPY, WHOLE = "copy", "whole"
"""Inside a home that cannot be renamed: folders of RESTORING, before and after all is verified."""


def restore(settings: Settings, source: Path, say: Callable[[str], None]) -> Backup:
    """Restores a backup into an empty home and returns its manifest.

    A damaged backup leaves the home empty. A restore that was cut off is started again.

    Raises:
        PermanentError: the home is not empty, or the backup is incomplete or damaged; names the
            first such file.
    """
    backup = _read_manifest(source)
    home = settings.home.resolve()
    if home.exists() and any(p.name != RESTORING for p in home.iterdir()):
        raise PermanentError(
            f"{settings.home} is not empty: move it away, or set PODREC_HOME to another folder."
        )
    draft = _draft(home)
    _remove_drafts(home)
    draft.mkdir(mode=0o700, parents=True)
    say(f"verifying and copying {len(backup.files)} files of {backup.made_at}")
    try:
        check_space(backup.byte_count, draft)
        for name, expected in backup.files.items():
            _restore_file(source / CONTENT / name, draft / name, expected)
    except BaseException:
        _remove_drafts(home)
        raise
    if draft.parent == home.parent:
        if home.exists():
            shutil.copymode(home, draft)
        draft.rename(home)
    else:
        draft.rename(draft.with_name(WHOLE))
        _finish(home)
    return backup


def check_restored(home: Path) -> None:
    """Makes sure that no restore into the home was cut off; finishes one that only had to move.

    Raises:
        PermanentError: one was cut off before everything was copied.
    """
    home = home.resolve()
    # os.path answers False for a home that this user may not enter; others say that better.
    if os.path.isdir(home / RESTORING / WHOLE):  # noqa: PTH112
        _finish(home)
    for draft in (_beside(home), home / RESTORING / COPY):
        if os.path.exists(draft):  # noqa: PTH110
            raise PermanentError(
                f"A restore into {home} was cut off: run `podrec restore DIR` again, "
                f"or remove {draft} if nothing is to be restored."
            )
    shutil.rmtree(home / RESTORING, ignore_errors=True)


def _finish(home: Path) -> None:
    """Moves the parts of a verified copy into the home."""
    whole = home / RESTORING / WHOLE
    for part in sorted(whole.iterdir()):
        part.rename(home / part.name)
    shutil.rmtree(home / RESTORING)


def _draft(home: Path) -> Path:
    """Where files are copied to: next to the home if a rename can put them in its place."""
    home.parent.mkdir(parents=True, exist_ok=True)
    if os.path.ismount(home) or not os.access(home.parent, os.W_OK):
        return home / RESTORING / COPY
    return _beside(home)


def _beside(home: Path) -> Path:
    return home.with_name(f".{home.name}{RESTORING}")


def _remove_drafts(home: Path) -> None:
    for draft in (_beside(home), home / RESTORING):
        shutil.rmtree(draft, ignore_errors=True)


def _read_manifest(source: Path) -> Backup:
    try:
        manifest = dict(json.loads((source / MANIFEST).read_text()))
        if manifest["format"] != FORMAT:
            raise PermanentError(
                f"{source} is a backup of format {manifest['format']}; "
                f"this podrec reads format {FORMAT}."
            )
        backup = Backup(**manifest)
        _check_files(backup.files)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as err:
        raise PermanentError(
            f"{source} is not a complete backup: it has no readable {MANIFEST}."
        ) from err
    for name in backup.files:
        if Path(name).is_absolute() or {"..", RESTORING} & set(Path(name).parts):
            raise PermanentError(f"{source} is not a backup of podrec: it contains {name}.")
    return backup


def _check_files(files: dict) -> None:
    """Raises TypeError or KeyError if the files of a manifest have another form."""
    for expected in dict(files).values():
        if not isinstance(expected["bytes"], int) or not isinstance(expected["sha256"], str):
            raise TypeError("bytes is no number, or sha256 no text")


def _restore_file(path: Path, to: Path, expected: dict) -> None:
    if not path.is_file():
        raise PermanentError(f"The backup lacks {path}: nothing was restored; use another backup.")
    if copy_bytes(path, to) != expected["sha256"]:
        raise PermanentError(f"{path} is damaged: nothing was restored; use another backup.")
