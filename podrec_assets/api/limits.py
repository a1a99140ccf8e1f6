"""ASGI middleware that limits the size of a body and the request rate of a client."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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

    def wait_s(self, client: str) -> float:
        """Takes a token and returns 0.0; if there is none, returns the seconds until the next."""
        now = self.clock()
        tokens, since = self._buckets.pop(client, (float(self.burst), now))
        tokens = min(float(self.burst), tokens + (now - since) * self.per_second)
        granted = tokens >= 1
        self._buckets[client] = (tokens - 1 if granted else tokens, now)
        if len(self._buckets) > MAX_CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0 if granted else (1 - tokens) / self.per_second


@dataclass
class Limits:
    """Middleware that answers 429 to too many requests, and 413 to a body that is too large."""

    app: ASGIApp
    buckets: TokenBuckets
    max_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        wait = self.buckets.wait_s(scope["client"][0] if scope.get("client") else "")
        if wait:
            seconds = int(wait) + 1
            answer = refusal(
                429, f"Too many requests: try again in {seconds} s.", {"Retry-After": str(seconds)}
            )
        elif _declared_bytes(scope) > self.max_bytes:
            answer = self._too_large()
        else:
            try:
                await self.app(scope, _counted(receive, self.max_bytes), send)
            except _TooLargeError:
                await self._too_large()(scope, receive, send)
            return
        await answer(scope, receive, send)

    def _too_large(self) -> JSONResponse:
        return refusal(
            413,
            f"The body has more than {self.max_bytes} bytes; send fewer events at a time.",
            {"Connection": "close"},
        )


def refusal(status: int, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Returns the response to a refused request: one sentence."""
    return JSONResponse({"error": sentence}, status, headers)


class _TooLargeError(Exception):
    """A body without a Content-Length, or with a wrong one, exceeded the limit during reading."""


def _declared_bytes(scope: Scope) -> int:
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    return int(declared) if declared.isdigit() else 0


def _counted(receive: Receive, max_bytes: int) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > max_bytes:
            raise _TooLargeError
        return message

    return counted
