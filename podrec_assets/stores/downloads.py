"""Many downloads into one folder: a few at once, fewer from one host, never more than the folder may hold.

Files are named by the sha256 of their address. A finished file is used again; when room is needed, those go first whose last
use is longest ago, and never one that is in use.
"""

import hashlib
import math
import os
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from podrec_assets.errors import PodrecError, RetryableError, UnusableInputError
from podrec_assets.stores.http import Fetcher
from podrec_assets.stores.partial import Downloaded, finished, note_of, part_of

Key = TypeVar("Key")
Result = tuple[str, Downloaded | PodrecError]
_NAME = re.compile(r"[0-9a-f]{64}")
LONGEST_PAUSE_S = 60.0
"""Longest that a batch holds a host's turn back because it asked to."""


class DiskBudgetError(RetryableError):
    """All that the folder may hold is in use; once it is released the same call may succeed."""

    reason = "disk_budget"


@dataclass
class Schedule:
    """Which address is fetched next: in the given order, unless its host is busy or was asked a moment ago."""

    urls: Iterable[str]
    per_host: int
    gap_s: float
    waiting: dict[str, deque[str]] = field(default_factory=dict)
    running: Counter[str] = field(default_factory=Counter)
    not_before: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for url in self.urls:
            self.waiting.setdefault(host_of(url), deque()).append(url)

    def due(self, now: float) -> str | None:
        """The address whose turn it is, None if there is none at this time (seconds of any clock)."""
        return next((urls[0] for host, urls in self.waiting.items() if self._at(host) <= now), None)

    def start(self, url: str, now: float) -> None:
        """The due address is being fetched; its host goes to the end of the row."""
        host = host_of(url)
        self.running[host] += 1
        self.not_before[host] = now + self.gap_s
        urls = self.waiting.pop(host)
        urls.popleft()
        if urls:
            self.waiting[host] = urls

    def end(self, url: str, now: float, pause_s: float | None = None) -> None:
        """An address is done; its host may have asked for a pause."""
        host = host_of(url)
        self.running[host] -= 1
        if pause_s:
            self.not_before[host] = max(self.not_before[host], now + min(pause_s, LONGEST_PAUSE_S))

    def next_at(self) -> float:
        """When time alone lets an address start; infinite if only the end of another one does."""
        return min(map(self._at, self.waiting), default=math.inf)

    def _at(self, host: str) -> float:
        return self.not_before.get(host, -math.inf) if self.running[host] < self.per_host else math.inf


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

    def fetch(self, items: Iterable[tuple[Key, str]]) -> Iterator[tuple[Key, Downloaded | PodrecError]]:
        """Each (key, address) as (key, its file or why there is none), in the order in which they are done.

        Downloads go on while the caller works on what it was given; nothing new starts until it asks for more. A file is in
        use, hence kept, until `release`. Leaving the loop early breaks running downloads off; the next try goes on there.
        """
        keys: dict[str, list[Key]] = {}
        for key, url in items:
            keys.setdefault(url, []).append(key)
        self.folder.mkdir(parents=True, exist_ok=True)
        there = {url: found for url in keys if (found := self._found(url))}
        for url, found in there.items():
            self._in_use[found.path] += len(keys[url])
        schedule = Schedule([url for url in keys if url not in there], self.per_host, self.gap_s)
        for url, got in self._results(schedule, deque(there.items()), {url: len(k) for url, k in keys.items()}):
            yield from ((key, got) for key in keys[url])

    def _results(self, schedule: Schedule, ready: deque[Result], uses: dict[str, int]) -> Iterator[Result]:
        running: dict[Future[Downloaded], str] = {}
        cancelled = threading.Event()
        with ThreadPoolExecutor(self.parallel, "download") as pool:
            try:
                while ready or running or schedule.waiting:
                    full = self._start_due(schedule, running, lambda url: pool.submit(self._one, url, cancelled.is_set))
                    if ready:
                        yield ready.popleft()
                    elif running:
                        wait_s = schedule.next_at() - time.monotonic() if len(running) < self.parallel and not full else None
                        done, _ = wait(running, None if wait_s == math.inf else wait_s, return_when=FIRST_COMPLETED)
                        ready += (self._ended(future, running.pop(future), schedule, uses) for future in done)
                    elif full:
                        schedule.start(full, time.monotonic())
                        schedule.end(full, time.monotonic())
                        yield full, DiskBudgetError(f"{full} was not fetched: the {self.disk_bytes} bytes for audio are in use.")
                    else:
                        time.sleep(max(schedule.next_at() - time.monotonic(), 0))
            finally:
                cancelled.set()

    def _start_due(
        self, schedule: Schedule, running: dict[Future[Downloaded], str], submit: Callable[[str], Future[Downloaded]]
    ) -> str | None:
        """Starts what may start now. Returns the address that there was no room for."""
        while len(running) < self.parallel and (url := schedule.due(now := time.monotonic())):
            if not self._make_room(url, running.values()):
                return url
            schedule.start(url, now)
            running[submit(url)] = url
        return None

    def _ended(self, future: Future[Downloaded], url: str, schedule: Schedule, uses: dict[str, int]) -> Result:
        got: Downloaded | PodrecError
        try:
            got = future.result()
            with self._lock:
                self._in_use[got.path] += uses[url]
        except PodrecError as err:
            got = err
        schedule.end(url, time.monotonic(), getattr(got, "retry_after_s", None))
        return url, got

    def _one(self, url: str, is_cancelled: Callable[[], bool]) -> Downloaded:
        got = self.fetcher.download(url, self.path_of(url), min(self.max_bytes, self.disk_bytes), is_cancelled)
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

    def _make_room(self, url: str, running: Iterable[str]) -> bool:
        """Whether one more file of the largest size fits, after the least recently used ones went."""
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
        return room >= 0


def host_of(url: str) -> str:
    """The host and port that an address names; "" for none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def _contents(folder: Path) -> tuple[Counter[str], dict[str, float]]:
    """(bytes on disk, time of the last use) of each download of a folder, parts and notes included."""
    sizes: Counter[str] = Counter()
    used_at: dict[str, float] = {}
    for path in folder.iterdir():
        name = path.name.partition(".")[0]
        if _NAME.fullmatch(name):
            stat = path.stat()
            sizes[name] += stat.st_size
            # A note is as old as the download, whatever was used since.
            used_at[name] = max(used_at.get(name, 0.0), 0.0 if path.suffix == ".json" else stat.st_mtime)
    return sizes, used_at


def _files_of(path: Path) -> tuple[Path, ...]:
    return path, note_of(path), part_of(path), note_of(part_of(path))
