"""A loopback web server whose answers, valid or hostile, are defined by a test."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]
Server = tuple[str, dict[str, Answer]]
"""host:port of a running server, and its answers by path."""


@contextmanager
def serving() -> Iterator[tuple[str, dict[str, Answer]]]:
    """Runs a server; yields host:port and its answers by path, with or without the query."""
    answers: dict[str, Answer] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = (
                answers.get(self.path)
                or answers.get(self.path.partition("?")[0])
                or reply(status=404)
            )
            with suppress(OSError):  # the client has disconnected
                answer(self)

        def log_message(self, *_: object) -> None:
            pass

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.daemon_threads = True
    threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True).start()
    yield f"127.0.0.1:{served.server_port}", answers
    served.shutdown()
    served.socket.close()


def reply(body: bytes = b"", status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def endless(handler: BaseHTTPRequestHandler) -> None:
    """Sends an endless body."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 10_000)


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Sends one byte at a time."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.05)


class File:
    """A file served with validators and ranges; `cut` truncates a full answer after that size."""

    def __init__(self, body: bytes, etag: str = '"1"', cut: int | None = None) -> None:
        self.body, self.etag, self.cut = body, etag, cut
        self.ranges: list[str | None] = []

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers["Range"]
        self.ranges.append(asked)
        start, status, headers = 0, 200, {"ETag": self.etag, "Content_Type": "audio/mpeg"}
        if asked and handler.headers["If-Range"] == self.etag:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(self.body):
                return reply(b"beyond", 416, Content_Range=f"bytes */{len(self.body)}")(handler)
            status = 206
            headers["Content_Range"] = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        rest = self.body[start:]
        sent = rest if self.cut is None or asked else rest[: self.cut]
        return reply(sent, status, Content_Length=str(len(rest)), **headers)(handler)
