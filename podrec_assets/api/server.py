"""The web server of the API: a request must arrive whole within seconds, or its connection closes.

uvicorn waits for a request without end, so a few slow clients could hold every connection.
"""

import asyncio
from collections.abc import MutableMapping
from functools import partial
from typing import Any

import uvicorn
from h11 import IDLE, SEND_BODY, SEND_RESPONSE
from uvicorn.protocols.http.h11_impl import H11Protocol

from podrec_assets.api.app import build_app
from podrec_assets.api.limits import MAX_HEAD_BYTES
from podrec_assets.pipelines.connections import Connections

REQUEST_S = 10.0
"""For the whole request, from its first byte or the start of the connection."""
MAX_CONNECTIONS = 500
"""Half of the 1,024 files that a process may usually open."""
BACKLOG = 128
"""New connections that are accepted at once, before one more than the maximum is closed."""
_TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: application/json\r\n"
    b"\r\n" + b'{"error":"The request did not arrive within %d s."}' % REQUEST_S
)


class PunctualProtocol(H11Protocol):
    """Closes a connection whose request is late, and the longest waiting one if there are too many.

    A client that sends its request at once is served, however many others hold back theirs.
    """

    def __init__(
        self, *args: Any, waiting: MutableMapping["PunctualProtocol", None], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._waiting = waiting  # in the order in which they began to wait
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > MAX_CONNECTIONS:
            next(iter(self._waiting)).give_up()

    def data_received(self, data: bytes) -> None:
        self._wait()
        super().data_received(data)
        if self.conn.their_state not in (IDLE, SEND_BODY):
            self._stop_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.trailing_data[0]:
            self._wait()  # the next request has begun

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def give_up(self) -> None:
        """Closes the connection, with 408 if a request has begun and no answer has."""
        self._stop_waiting()
        has_begun = self.conn.their_state is SEND_BODY or self.conn.trailing_data[0]
        if has_begun and self.conn.our_state in (IDLE, SEND_RESPONSE):
            self.transport.write(_TOO_SLOW)
        if self.cycle:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _wait(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_S, self.give_up)
            self._waiting[self] = None

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._waiting.pop(self, None)


def server_config(connections: Connections, **options: Any) -> uvicorn.Config:
    """Returns the configuration of the API's server."""
    return uvicorn.Config(
        build_app(connections),
        http=partial(PunctualProtocol, waiting={}),  # type: ignore[arg-type]
        ws="none",
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        backlog=BACKLOG,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        **options,
    )
