"""Downloads into one folder, within limits on parallelism, hosts and disk space.

Files are named by the sha256 of their address. Finished files are reused. When space is needed, the
least recently used files are deleted first, and never one that is in use.
"""

import hashlib
import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from podrec_assets.errors import PodrecError, RetryableError, UnusableInputError
from podrec_assets.stores.http.client import Fetcher
from podrec_assets.stores.http.host_scheduler import HostScheduler
from podrec_assets.stores.http.resumable import (
    DownloadedFile,
    finished,
    metadata_path,
    partial_path,
)

Key = TypeVar("Key")
_NAME = re.compile(r"[0-9a-f]{64}")


class DiskBudgetError(RetryableError):
    """Every file that fits into the folder is in use; may succeed once files are released."""

    reason = "disk_budget"


@dataclass
class DownloadCache:
    """Downloads into a folder that one process uses at a time.

    Attributes:
        fetcher: client with its checks and deadline.
        folder: where the files are.
        max_bytes: largest file.
        disk_bytes: limit of the folder, partial files and running downloads included.
        parallel: downloads at once.
        per_host: downloads at once from one host.
        gap_s: seconds between two starts on one host.
    """

    fetcher: Fetcher
    folder: Path
    max_bytes: int
    disk_bytes: int
    parallel: int = 4
    per_host: int = 2
    gap_s: float = 1.0
    _in_use: Counter[Path] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def path_of(self, url: str) -> Path:
        """Path of an address's file, whether it exists or not."""
        return self.folder / hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()

    def release(self, file: DownloadedFile) -> None:
        """Marks a file as no longer in use; it stays until its space is needed."""
        with self._lock:
            self._in_use[file.path] -= 1

    def fetch(
        self, items: Iterable[tuple[Key, str]]
    ) -> Iterator[tuple[Key, DownloadedFile | PodrecError]]:
        """Yields (key, file or error) for each (key, address), as downloads finish.

        Running downloads continue while the caller handles a file; nothing new starts until then.
        A file is in use until `release`. Leaving the loop early cancels running downloads; the
        next call resumes them.
        """
        keys: dict[str, list[Key]] = {}
        for key, url in items:
            keys.setdefault(url, []).append(key)
        self.folder.mkdir(parents=True, exist_ok=True)
        cached = {url: file for url in keys if (file := self._cached(url))}
        for url, file in cached.items():
            self._in_use[file.path] += len(keys[url])
        for url, file in cached.items():
            yield from ((key, file) for key in keys[url])
        missing = [url for url in keys if url not in cached]
        scheduler = HostScheduler(missing, self.per_host, self.gap_s)
        for url, result in scheduler.run(self.parallel, self._download, self._refusal):
            if isinstance(result, DownloadedFile):
                with self._lock:
                    self._in_use[result.path] += len(keys[url])
            yield from ((key, result) for key in keys[url])

    def _download(self, url: str, is_cancelled: Callable[[], bool]) -> DownloadedFile:
        limit = min(self.max_bytes, self.disk_bytes)
        file = self.fetcher.download(url, self.path_of(url), limit, is_cancelled)
        if file.content_type.lower().startswith("text/html"):
            for path in (file.path, metadata_path(file.path)):
                path.unlink(missing_ok=True)
            raise UnusableInputError("not_audio", f"{url} answered with a web page.")
        return file

    def _cached(self, url: str) -> DownloadedFile | None:
        """The finished file of an address, marked as used now."""
        if file := finished(self.path_of(url)):
            os.utime(file.path)
        return file

    def _refusal(self, url: str, running: Iterable[str]) -> DiskBudgetError | None:
        """Deletes old files until one more of the largest size fits; returns an error if not."""
        expected = {self.path_of(u).name for u in (url, *running)}
        sizes, used_at = _contents(self.folder)
        free = self.disk_bytes - len(expected) * min(self.max_bytes, self.disk_bytes)
        free -= sum(size for name, size in sizes.items() if name not in expected)
        with self._lock:
            kept = expected | {path.name for path, count in self._in_use.items() if count > 0}
        for name in sorted(sizes.keys() - kept, key=used_at.__getitem__):
            if free >= 0:
                break
            free += sizes[name]
            for path in _files_of(self.folder / name):
                path.unlink(missing_ok=True)
        if free >= 0:
            return None
        return DiskBudgetError(
            f"{url} was not fetched: the {self.disk_bytes} bytes for audio are in use."
        )


def _contents(folder: Path) -> tuple[Counter[str], dict[str, float]]:
    """Returns the size on disk and the time of last use of each download in a folder."""
    sizes: Counter[str] = Counter()
    used_at: dict[str, float] = {}
    for path in folder.iterdir():
        name = path.name.partition(".")[0]
        if _NAME.fullmatch(name):
            try:
                stat = path.stat()
            except FileNotFoundError:  # a download has just finished
                continue
            sizes[name] += stat.st_size
            # Metadata keeps the time of the download; only the file itself is touched on use.
            at = 0.0 if path.suffix == ".json" else stat.st_mtime
            used_at[name] = max(used_at.get(name, 0.0), at)
    return sizes, used_at


def _files_of(path: Path) -> tuple[Path, ...]:
    part = partial_path(path)
    return path, metadata_path(path), part, metadata_path(part)
