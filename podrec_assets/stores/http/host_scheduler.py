"""Runs work on many addresses in parallel, with limits for each host."""

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
"""Longest pause that a host gets because it asked for one."""
Result = TypeVar("Result")


@dataclass
class HostScheduler:
    """Addresses in order, except those whose host is busy or was used a moment ago.

    Attributes:
        urls: the addresses.
        per_host: most addresses of one host at once.
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
            self.waiting.setdefault(_host(url), deque()).append(url)

    def run(
        self,
        parallel: int,
        work: Callable[[str, Callable[[], bool]], Result],
        refusal: Callable[[str, Iterable[str]], PodrecError | None] = lambda url, running: None,
    ) -> Iterator[tuple[str, Result | PodrecError]]:
        """Yields each address with the result of `work` or its error, as they finish.

        Running work continues while the caller handles a result; nothing new starts until then.

        Args:
            parallel: most addresses at once.
            work: gets an address and a function that says whether the caller has stopped.
            refusal: why an address cannot start next to the running ones. If nothing runs, that
                error is the address's result.
        """
        running: dict[Future[Result], str] = {}
        stopped = threading.Event()
        with ThreadPoolExecutor(parallel, "host-scheduler") as pool:
            try:
                while running or self.waiting:
                    refused: PodrecError | None = None
                    while len(running) < parallel and (url := self.due(now := time.monotonic())):
                        if refused := refusal(url, running.values()):
                            break
                        self.start(url, now)
                        running[pool.submit(work, url, stopped.is_set)] = url
                    if running:
                        is_full = len(running) == parallel or refused is not None
                        for future in wait(running, self._wait_s(is_full), FIRST_COMPLETED).done:
                            url = running.pop(future)
                            result = _outcome(future)
                            pause_s = getattr(result, "retry_after_s", None)
                            self.end(url, time.monotonic(), pause_s)
                            yield url, result
                    elif refused and url:
                        self.start(url, time.monotonic())
                        self.end(url, time.monotonic())
                        yield url, refused
                    else:
                        time.sleep(self._wait_s(False) or 0)
            finally:
                stopped.set()

    def due(self, now: float) -> str | None:
        """The next address that may start at `now` (seconds of any clock), or None."""
        return next((urls[0] for host, urls in self.waiting.items() if self._at(host) <= now), None)

    def start(self, url: str, now: float) -> None:
        """Records that the due address has started; its host goes to the end of the queue."""
        host = _host(url)
        self.running[host] += 1
        self.not_before[host] = now + self.gap_s
        urls = self.waiting.pop(host)
        urls.popleft()
        if urls:
            self.waiting[host] = urls

    def end(self, url: str, now: float, pause_s: float | None = None) -> None:
        """Records that an address has finished and whether its host asked for a pause."""
        host = _host(url)
        self.running[host] -= 1
        if pause_s:
            self.not_before[host] = max(self.not_before[host], now + min(pause_s, LONGEST_PAUSE_S))

    def next_at(self) -> float:
        """When the next address may start; infinite if another one must finish first."""
        return min(map(self._at, self.waiting), default=math.inf)

    def _wait_s(self, is_full: bool) -> float | None:
        """Seconds until time alone lets an address start; None if it does not."""
        at = math.inf if is_full else self.next_at()
        return None if at == math.inf else max(at - time.monotonic(), 0)

    def _at(self, host: str) -> float:
        if self.running[host] >= self.per_host:
            return math.inf
        return self.not_before.get(host, -math.inf)


def _host(url: str) -> str:
    """Host and port of an address; "" if it has none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def _outcome(future: Future[Result]) -> Result | PodrecError:
    try:
        return future.result()
    except PodrecError as err:
        return err
