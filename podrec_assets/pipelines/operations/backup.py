"""Backups of `PODREC_HOME`: offline, verified copies.

The embedded services are down and every table's lock is held, so topics, ledgers and the published
pointer are consistent. Stores outside the home (a Kafka, a MongoDB, a lake) are listed, not copied.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from podrec_assets.errors import PermanentError, RetryableError
from podrec_assets.services import supervisor
from podrec_assets.settings import Settings

if TYPE_CHECKING:
    from podrec_assets.stores.delta import Lake

FORMAT = 1
MANIFEST, CONTENT = "manifest.json", "home"
LEFT_OUT = ("audio", "checkpoints", "locks", "spark", "spark-warehouse", "up.lock")
"""Entries of the home that are fetched or recomputed when needed."""
CHUNK = 1 << 20


@dataclass(frozen=True)
class Backup:
    """The manifest of a backup.

    Attributes:
        format: version of the backup format.
        podrec: version of the code that made it.
        made_at: ISO 8601 time.
        home: folder that was copied.
        outside: descriptions of the stores that are not in the backup.
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


def back_up(settings: Settings, lake: "Lake", target: Path, say: Callable[[str], None]) -> Backup:
    """Copies the home to the folder `target` and returns the manifest, which is written last.

    Raises:
        ServiceError: an embedded service is running.
        RetryableError: something writes to the home.
        PermanentError: there is no home, or the target is unusable.
    """
    from podrec_assets.pipelines.listening.stream_lock import is_streaming
    from podrec_assets.pipelines.recommend.run_manifest import code_version

    _check_target(settings.home, target)
    with supervisor.stopped(settings), lake.idle():
        if is_streaming(lake):
            raise RetryableError("`podrec stream` is running: stop it first.")
        paths = list(_paths(settings.home))
        say(f"copying {len(paths)} files to {target}")
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_space(sum(p.stat().st_size for p in paths), target)
        names = {p.relative_to(settings.home).as_posix(): p for p in paths}
        files = {name: _copy(path, target / CONTENT / name) for name, path in names.items()}
    backup = Backup(
        FORMAT,
        code_version(),
        datetime.now(UTC).isoformat(),
        str(settings.home),
        outside(settings),
        files,
    )
    (target / MANIFEST).write_text(json.dumps(asdict(backup), indent=1))
    return backup


def outside(settings: Settings) -> list[str]:
    """Describes the stores that a copy of the home does not contain."""
    services = supervisor.status(settings)
    names = {"kafka": "the Kafka", "mongo": "the MongoDB"}
    stores = [
        f"{name} at {services[n]['address']}"
        for n, name in names.items()
        if not services[n]["embedded"]
    ]
    if "://" in settings.lake_root or not Path(settings.lake_root).is_relative_to(settings.home):
        stores.append(f"the lake at {settings.lake_root}")
    return stores


def _check_target(home: Path, target: Path) -> None:
    if not home.is_dir() or not any(home.iterdir()):
        raise PermanentError(f"There is nothing to back up in {home}; check PODREC_HOME.")
    if target.resolve().is_relative_to(home.resolve()):
        raise PermanentError(
            f"{target} is inside {home}: choose a folder outside, preferably on another disk."
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise PermanentError(f"{target} is not an empty folder: choose another.")


def check_space(needed: int, folder: Path) -> None:
    """Raises PermanentError unless the folder's disk has so many bytes free."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise PermanentError(f"{folder} has {free:,} bytes free, {needed:,} are needed.")


def _paths(home: Path) -> Iterator[Path]:
    """Yields every file to back up, following links: a large folder may be on another disk."""
    for name, folders, files in os.walk(home, onerror=_refuse_folder, followlinks=True):
        folder = Path(name)
        left_out = LEFT_OUT if folder == home else ()
        # A link to a parent folder would never end.
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
        f"{err.filename} cannot be read ({err.strerror}), so the backup would be incomplete."
    ) from err


def _copy(path: Path, to: Path) -> dict:
    """Copies a file and returns its {bytes, sha256}.

    Raises:
        RetryableError: the file changed while it was copied.
    """
    before = path.stat()
    digest = copy_bytes(path, to)
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise RetryableError(
            f"{path} changed while it was copied: "
            "stop what writes to it and start again in an empty folder."
        )
    return {"bytes": after.st_size, "sha256": digest}


def copy_bytes(path: Path, to: Path) -> str:
    """Copies a file and returns its sha256; keeps its times, which vacuum relies on."""
    to.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("rb") as source, to.open("wb") as target:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            target.write(chunk)
    shutil.copystat(path, to)
    return digest.hexdigest()
