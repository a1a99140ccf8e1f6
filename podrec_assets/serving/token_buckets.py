"""Rates by client: how often one may ask, and how often one may guess a token."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

MAX_CLIENTS = 10_000
"""Clients with a bucket; if there are more, the least recent one is dropped."""


@dataclass
class TokenBuckets:
    """One token bucket per client.

    The `limits` package has no token bucket, takes 5 to 12 times as long per request, and remembers
    every client until its window ends, which an attacker with many addresses can exploit.

    Attributes:
        per_second: tokens that a bucket gains.
        burst: capacity of a bucket; a new one is full.
        clock: monotonic seconds.
    """

    per_second: float
    burst: int
    clock: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def wait_s(self, client: str, take: bool = True) -> float:
        """Takes a token and returns 0.0; if there is none, returns the seconds until the next.

        Without `take` the token stays.
        """
        client = network(client)
        with self._lock:
            now = self.clock()
            tokens, since = self._buckets.pop(client, (float(self.burst), now))
            tokens = min(float(self.burst), tokens + (now - since) * self.per_second)
            granted = tokens >= 1
            self._buckets[client] = (tokens - 1 if granted and take else tokens, now)
            if len(self._buckets) > MAX_CLIENTS:
                self._buckets.popitem(last=False)
        return 0.0 if granted else (1 - tokens) / self.per_second


def network(client: str) -> str:
    """Returns what counts as one client: an IPv4 address, or the /64 that an IPv6 host gets."""
    try:
        address = ipaddress.IPv6Address(client)
    except ValueError:
        return client
    return str(address.ipv4_mapped or ipaddress.IPv6Network((int(address), 64), strict=False))
