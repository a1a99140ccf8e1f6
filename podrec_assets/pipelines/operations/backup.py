"""`PODREC_HOME` as a verified copy: taken while nothing writes to it, and put back only where every
byte is as it was.

The copy is of a standstill: the embedded services are down and every table's lock is held, so the
topics, the tables' ledgers and the pointer belong together. What lies outside the home (a Kafka, a
MongoDB, a lake elsewhere) is named, never copied.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from podrec_assets.errors import PermanentError, RetryableError
from podrec_assets.pipelines.listening.event_landing import is_streaming
from podrec_assets.pipelines.recommend.code_version import code_version
from podrec_assets.services import supervisor
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake

FORMAT = 1
MANIFEST, CONTENT, DRAFT = "manifest.json", "home", ".restoring"
LEFT_OUT = ("audio", "checkpoints", "locks", "spark", "spark-warehouse", "up.lock", DRAFT)
"""What is fetched or made again when it is needed, at the top of the home."""
CHUNK = 1 << 20


@dataclass(frozen=True)
class Backup:
    """What a backup says of itself, in its manifest.

    Attributes:
        format: of the backup; podrec: version of the code that made it.
        made_at: when, ISO 8601; home: of what.
        outside: stores that podrec used and that are not in it, each in words.
        files: by path under the home, {bytes, sha256}.
    """

    format: int
    podrec: str
    made_at: str
    home: str
    outside: list[str]
    files: dict[str, dict]

    @property
    def byte_count(self) -> int:
        return sum(f["bytes"] for f in self.files.values())


def back_up(settings: Settings, lake: Lake, target: Path, say: Callable[[str], None]) -> Backup:
    """The backup of the home that now lies in the folder `target`; without its manifest a folder is
    no backup.

    Raises:
        ServiceError: an embedded service runs.
        RetryableError: something writes to the home.
        PermanentError: there is no home, or the target cannot take it.
    """
    _check_target(settings.home, target)
    with supervisor.stopped(settings), lake.idle():
        if is_streaming(lake):
            raise RetryableError("`podrec stream` lands events: stop it first.")
        paths = list(_paths(settings.home))
        say(f"copying {len(paths)} files to {target}")
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_space(sum(p.stat().st_size for p in paths), target)
        names = {p.relative_to(settings.home).as_posix(): p for p in paths}
        files = {name: _copy(path, target / CONTENT / name) for name, path in names.items()}
    made = Backup(
        FORMAT,
        code_version(),
        datetime.now(UTC).isoformat(),
        str(settings.home),
        outside(settings),
        files,
    )
    (target / MANIFEST).write_text(json.dumps(asdict(made), indent=1))
    return made


def restore(settings: Settings, source: Path, say: Callable[[str], None]) -> Backup:
    """The backup that the home, empty before, now holds. A backup that is damaged anywhere leaves
    the home empty.

    Raises:
        PermanentError: the home is not empty, or `source` is no whole backup; names the first file
            that is not as it was.
    """
    made = _read_manifest(source)
    home = settings.home
    if home.exists() and any(p.name != DRAFT for p in home.iterdir()):
        raise PermanentError(
            f"{home} is not empty: move it away, or set PODREC_HOME to a folder that does not exist."
        )
    draft = home / DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    say(f"verifying and copying {len(made.files)} files of {made.made_at}")
    try:
        _check_space(made.byte_count, draft)
        for name, wanted in made.files.items():
            _restore_file(source / CONTENT / name, draft / name, wanted)
        for part in sorted(draft.iterdir()):
            part.rename(home / part.name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return made


def outside(settings: Settings) -> list[str]:
    """The stores that a copy of the home does not hold, each in words."""
    services = supervisor.status(settings)
    names = {"kafka": "the Kafka", "mongo": "the MongoDB"}
    found = [
        f"{words} at {services[n]['address']}"
        for n, words in names.items()
        if not services[n]["embedded"]
    ]
    if "://" in settings.lake_root or not Path(settings.lake_root).is_relative_to(settings.home):
        found.append(f"the lake at {settings.lake_root}")
    return found


def _check_target(home: Path, target: Path) -> None:
    if not home.is_dir() or not any(home.iterdir()):
        raise PermanentError(f"There is nothing to back up in {home}; check PODREC_HOME.")
    if target.resolve().is_relative_to(home.resolve()):
        raise PermanentError(
            f"{target} lies in {home} itself: choose a folder outside, best on another disk."
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise PermanentError(f"{target} is not an empty folder: choose another.")


def _check_space(needed: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise PermanentError(f"{folder} has {free:,} bytes free, {needed:,} are needed.")


def _paths(home: Path) -> Iterator[Path]:
    """Every file that is backed up, those behind links to folders too: a large folder may lie on
    another disk.
    """
    for name, folders, files in os.walk(home, onerror=_refuse_folder, followlinks=True):
        folder = Path(name)
        left_out = LEFT_OUT if folder == home else ()
        # A link to a folder that it lies in would lead round for ever.
        folders[:] = sorted(
            f for f in folders if f not in left_out and not _is_above(folder / f, folder)
        )
        yield from (
            p for p in (folder / f for f in sorted(files) if f not in left_out) if p.is_file()
        )


def _is_above(folder: Path, other: Path) -> bool:
    return other.resolve().is_relative_to(folder.resolve())


def _refuse_folder(err: OSError) -> None:
    raise PermanentError(
        f"{err.filename} cannot be read ({err.strerror}), so a backup would lack it."
    ) from err


def _copy(path: Path, to: Path) -> dict:
    """{bytes, sha256} of what was copied. Raises RetryableError where the file was written to
    meanwhile.
    """
    before = path.stat()
    digest = _copied(path, to)
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise RetryableError(
            f"{path} changed while it was copied: stop what writes to it and begin again in an empty folder."
        )
    return {"bytes": after.st_size, "sha256": digest}


def _copied(path: Path, to: Path) -> str:
    """sha256 of the file; its times come along, for vacuum goes by them."""
    to.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("rb") as source, to.open("wb") as target:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            target.write(chunk)
    shutil.copystat(path, to)
    return digest.hexdigest()


def _read_manifest(source: Path) -> Backup:
    try:
        found = dict(json.loads((source / MANIFEST).read_text()))
        if found["format"] != FORMAT:
            raise PermanentError(
                f"{source} is a backup of format {found['format']}, this podrec reads format {FORMAT}."
            )
        made = Backup(**found)
    except (OSError, ValueError, TypeError, KeyError) as err:
        raise PermanentError(
            f"{source} is not a whole backup: it has no readable {MANIFEST}."
        ) from err
    if strange := [n for n in made.files if Path(n).is_absolute() or ".." in Path(n).parts]:
        raise PermanentError(f"{source} is not a backup of podrec: it names {strange[0]}.")
    return made


def _restore_file(path: Path, to: Path, wanted: dict) -> None:
    if not path.is_file():
        raise PermanentError(f"The backup lacks {path}: nothing was restored; use another backup.")
    if _copied(path, to) != wanted["sha256"]:
        raise PermanentError(
            f"{path} is not what was backed up: nothing was restored; use another backup."
        )
