"""Many downloads into one folder: a few at once, fewer from one host, never more than the folder
may hold.

Files are named by the sha256 of their address. A finished file is used again; when room is needed,
those go first whose last use is longest ago, and never one that is in use.
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
from podrec_assets.stores.http.host_scheduler import Turns, in_turns
from podrec_assets.stores.http.resumable import Downloaded, finished, note_of, part_of

Key = TypeVar("Key")
_NAME = re.compile(r"[0-9a-f]{64}")


class DiskBudgetError(RetryableError):
    """All that the folder may hold is in use; once it is released the same call may succeed."""

    reason = "disk_budget"


@dataclass
class Downloads:
    """Downloads into a folder that has one user at a time.

    Attributes:
        fetcher: fetches, with its checks and its deadline.
        folder: where the files are.
        max_bytes: largest file.
        disk_bytes: most that the folder holds, parts and running downloads included.
        parallel, per_host: downloads at once, in total and from one host.
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
        """Where the file of an address is, or will be."""
        return self.folder / hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()

    def release(self, got: Downloaded) -> None:
        """Says that a file is no longer needed; it stays until the room is."""
        with self._lock:
            self._in_use[got.path] -= 1

    def fetch(
        self, items: Iterable[tuple[Key, str]]
    ) -> Iterator[tuple[Key, Downloaded | PodrecError]]:
        """Each (key, address) as (key, its file or why there is none), in the order in which they
        are done.

        Downloads go on while the caller works on what it was given; nothing new starts until it
        asks for more. A file is in use, hence kept, until `release`. Leaving the loop early breaks
        running downloads off; the next try goes on there.
        """
        keys: dict[str, list[Key]] = {}
        for key, url in items:
            keys.setdefault(url, []).append(key)
        self.folder.mkdir(parents=True, exist_ok=True)
        there = {url: found for url in keys if (found := self._found(url))}
        for url, found in there.items():
            self._in_use[found.path] += len(keys[url])
        for url, found in there.items():
            yield from ((key, found) for key in keys[url])
        turns = Turns([url for url in keys if url not in there], self.per_host, self.gap_s)
        for url, got in in_turns(turns, self.parallel, self._one, self._refusal):
            if isinstance(got, Downloaded):
                with self._lock:
                    self._in_use[got.path] += len(keys[url])
            yield from ((key, got) for key in keys[url])

    def _one(self, url: str, is_cancelled: Callable[[], bool]) -> Downloaded:
        got = self.fetcher.download(
            url, self.path_of(url), min(self.max_bytes, self.disk_bytes), is_cancelled
        )
        if got.content_type.lower().startswith("text/html"):
            for path in (got.path, note_of(got.path)):
                path.unlink(missing_ok=True)
            raise UnusableInputError("not_audio", f"{url} answered with a web page.")
        return got

    def _found(self, url: str) -> Downloaded | None:
        """The finished file of an address, marked as used now."""
        if found := finished(self.path_of(url)):
            os.utime(found.path)
        return found

    def _refusal(self, url: str, running: Iterable[str]) -> DiskBudgetError | None:
        """Why one more file of the largest size does not fit, after the least recently used ones
        went.
        """
        coming = {self.path_of(u).name for u in (url, *running)}
        sizes, used_at = _contents(self.folder)
        room = self.disk_bytes - len(coming) * min(self.max_bytes, self.disk_bytes)
        room -= sum(size for name, size in sizes.items() if name not in coming)
        with self._lock:
            kept = coming | {path.name for path, count in self._in_use.items() if count > 0}
        for name in sorted(sizes.keys() - kept, key=used_at.__getitem__):
            if room >= 0:
                break
            room += sizes[name]
            for path in _files_of(self.folder / name):
                path.unlink(missing_ok=True)
        if room >= 0:
            return None
        return DiskBudgetError(
            f"{url} was not fetched: the {self.disk_bytes} bytes for audio are in use."
        )


def _contents(folder: Path) -> tuple[Counter[str], dict[str, float]]:
    """(bytes on disk, time of the last use) of each download of a folder, parts and notes included."""
    sizes: Counter[str] = Counter()
    used_at: dict[str, float] = {}
    for path in folder.iterdir():
        name = path.name.partition(".")[0]
        if _NAME.fullmatch(name):
            try:
                stat = path.stat()
            except FileNotFoundError:  # a download has just ended
                continue
            sizes[name] += stat.st_size
            # A note is as old as the download, whatever was used since.
            used_at[name] = max(
                used_at.get(name, 0.0), 0.0 if path.suffix == ".json" else stat.st_mtime
            )
    return sizes, used_at


def _files_of(path: Path) -> tuple[Path, ...]:
    return path, note_of(path), part_of(path), note_of(part_of(path))
