"""ASGI middleware that limits the size of a request and the request rate of a client."""

from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podrec_assets.serving.token_buckets import TokenBuckets

MAX_HEAD_BYTES = 16_384
"""Of the request line and all headers; tokens and cookies fit into a fraction of it."""
CLOSE = {"Connection": "close"}


@dataclass
class Limits:
    """Middleware that answers 429 to too many requests, and 431 or 413 to too large ones."""

    app: ASGIApp
    buckets: TokenBuckets
    max_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = _Metered(scope, receive, send, self.buckets, self.max_bytes)
        try:
            if _head_bytes(scope) > MAX_HEAD_BYTES:
                text = f"The headers have more than {MAX_HEAD_BYTES} bytes."
                await refusal(431, text, CLOSE)(scope, receive, send)
            elif _declared_bytes(scope) > self.max_bytes:
                request.charge()
                raise _TooLargeError
            else:
                if scope["method"] != "POST":
                    request.charge()
                await self.app(scope, request.receive, request.send)
        except _TooManyError as err:
            await _too_many(err.wait_s)(scope, receive, send)
        except _TooLargeError:
            await self._too_large()(scope, receive, send)
        except ClientDisconnect:
            pass  # nobody is left to answer, and nothing was produced

    def _too_large(self) -> JSONResponse:
        return refusal(
            413,
            f"The body has more than {self.max_bytes} bytes; send fewer events at a time.",
            CLOSE,
        )


def refusal(status: int, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Returns the response to a refused request: one sentence."""
    return JSONResponse({"error": sentence}, status, headers)


class _TooLargeError(Exception):
    """The body exceeds the limit, by its Content-Length or during reading."""


class _TooManyError(Exception):
    """The client has no token left; `wait_s` says when the next comes."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s


def _head_bytes(scope: Scope) -> int:
    headers = sum(len(name) + len(value) + 4 for name, value in scope["headers"])
    return headers + len(scope.get("raw_path") or b"") + len(scope["query_string"])


def _declared_bytes(scope: Scope) -> int:
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    return int(declared) if declared.isdigit() else 0


def _too_many(wait_s: float) -> JSONResponse:
    seconds = int(wait_s) + 1
    text = f"Too many requests: try again in {seconds} s."
    return refusal(429, text, {"Retry-After": str(seconds)})


@dataclass
class _Metered:
    """One request: charged to its client once, when it has arrived whole or is answered earlier.

    Half-sent requests thus use up nothing of what others behind the same address may send.
    """

    scope: Scope
    real_receive: Receive
    real_send: Send
    buckets: TokenBuckets
    max_bytes: int
    received_bytes: int = 0
    is_charged: bool = False

    def charge(self) -> None:
        """Raises _TooManyError if the client may not send another request yet."""
        if not self.is_charged:
            self.is_charged = True
            client = self.scope.get("client")
            if wait := self.buckets.wait_s(client[0] if client else ""):
                raise _TooManyError(wait)

    async def receive(self) -> Message:
        message = await self.real_receive()
        self.received_bytes += len(message.get("body", b""))
        if self.received_bytes > self.max_bytes:
            raise _TooLargeError
        if message["type"] == "http.request" and not message.get("more_body", False):
            self.charge()
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.charge()
        await self.real_send(message)
