"""Work on many addresses of many hosts: a few at once, fewer on one host, and never in a rush on
one.
"""

import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

from podrec_assets.errors import PodrecError

LONGEST_PAUSE_S = 60.0
"""Longest that a host's turn is held back because it asked to."""
Work = TypeVar("Work")


@dataclass
class Turns:
    """Whose turn it is: addresses in the given order, unless their host is busy or was asked a
    moment ago.

    Attributes:
        urls: the addresses.
        per_host: most at once on one host.
        gap_s: seconds between two starts on one host.
    """

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
        """The due address is being worked on; its host goes to the end of the row."""
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
        return (
            self.not_before.get(host, -math.inf) if self.running[host] < self.per_host else math.inf
        )


def in_turns(
    turns: Turns,
    parallel: int,
    work: Callable[[str, Callable[[], bool]], Work],
    refusal: Callable[[str, Iterable[str]], PodrecError | None] = lambda url, running: None,
) -> Iterator[tuple[str, Work | PodrecError]]:
    """Each address with what `work` made of it or the error it met, in the order in which they are
    done.

    Work goes on while the caller is busy with a result; nothing new starts until it asks for the
    next one.

    Args:
        turns: the addresses.
        parallel: most at once.
        work: is given an address and a function that says whether the caller has left.
        refusal: why an address cannot start beside those that run; with none running that is its
            result.
    """
    running: dict[Future[Work], str] = {}
    left = threading.Event()
    with ThreadPoolExecutor(parallel, "turns") as pool:
        try:
            while running or turns.waiting:
                refused: PodrecError | None = None
                while len(running) < parallel and (url := turns.due(now := time.monotonic())):
                    if refused := refusal(url, running.values()):
                        break
                    turns.start(url, now)
                    running[pool.submit(work, url, left.is_set)] = url
                if running:
                    is_held_by_time = (
                        len(running) < parallel and not refused and turns.next_at() < math.inf
                    )
                    wait_s = max(turns.next_at() - time.monotonic(), 0) if is_held_by_time else None
                    for future in wait(running, wait_s, FIRST_COMPLETED).done:
                        url = running.pop(future)
                        got = _outcome(future)
                        turns.end(url, time.monotonic(), getattr(got, "retry_after_s", None))
                        yield url, got
                elif refused and url:
                    turns.start(url, time.monotonic())
                    turns.end(url, time.monotonic())
                    yield url, refused
                else:
                    time.sleep(max(turns.next_at() - time.monotonic(), 0))
        finally:
            left.set()


def host_of(url: str) -> str:
    """The host and port that an address names; "" for none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def _outcome(future: Future[Work]) -> Work | PodrecError:
    try:
        return future.result()
    except PodrecError as err:
        return err
