"""The loopback HTTP server of the sample world's feeds, transcripts and audio, as a child process.

It serves what the module given by `--site` builds, so `services` does not import `sample_world`.
"""

import argparse
import hashlib
import importlib
import re
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from podrec_assets.services import process
from podrec_assets.services.ports import LOOPBACK, answers, choose_port
from podrec_assets.settings import Settings

SITE = "podrec_assets.sample_world.site"
READY_WAIT_S = 30.0


def start(
    settings: Settings,
    earlier: process.Running | None,
    log: Path,
    state: Path,
    say: Callable[[str], None],
) -> process.Running:
    """Starts the server and waits until it listens.

    Raises:
        ServiceError: it exited, or did not listen in time; names the log.
    """
    port = choose_port("samples", settings.samples_port, process.port_of(earlier, "samples"), say)
    options = ["--port", str(port), "--site", SITE, "--born", str(_born(settings.home))]
    command = [sys.executable, "-m", __name__, *options]
    return process.start_and_wait(
        "The sample server",
        command,
        log,
        state,
        {"samples": port},
        lambda: answers(port),
        READY_WAIT_S,
    )


def _born(home: Path) -> date:
    """Returns the day this home's world started; with another day every episode looks changed."""
    file = home / "samples" / "born"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(datetime.now(UTC).date().isoformat())
    return date.fromisoformat(file.read_text().strip())


def byte_range(header: str, size: int) -> range | None:
    """Returns the bytes that a Range header of one range asks for; None to answer with all."""
    matched = re.fullmatch(r"bytes=(\d*)-(\d*)", header)
    if matched is None or not any(matched.groups()):
        return None
    first, last = matched.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    return range(int(first), min(size, int(last) + 1 if last else size))


def response(page: tuple[str, bytes] | None, asked: Message) -> tuple[int, dict[str, str], bytes]:
    """Returns status, headers and body for a page (content type, body) and request headers.

    It knows ETags, and byte ranges, without which a browser cannot start in the middle of audio.
    """
    if page is None:
        return 404, {"Content-Type": "text/plain"}, b"not found\n"
    content_type, body = page
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Accept-Ranges": "bytes", "Content-Type": content_type}
    if asked.get("If-None-Match") == tag:
        return 304, headers, b""
    part = byte_range(asked.get("Range", ""), len(body))
    if part is None:
        return 200, headers, body
    if not part:
        return 416, headers | {"Content-Range": f"bytes */{len(body)}"}, b""
    sent = {"Content-Range": f"bytes {part[0]}-{part[-1]}/{len(body)}"}
    return 206, headers | sent, body[part.start : part.stop]


def handler_for(pages: dict[str, tuple[str, bytes]]) -> type[BaseHTTPRequestHandler]:
    """Returns a request handler for fixed pages (path -> content type, body)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def _answer(self, with_body: bool) -> None:
            page = pages.get(self.path.partition("?")[0])
            status, headers, body = response(page, self.headers)
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                self.wfile.write(body)

    return Handler


def main() -> None:
    """Serves until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--site", required=True)
    parser.add_argument("--born", type=date.fromisoformat, required=True)
    options = parser.parse_args()
    pages = importlib.import_module(options.site).build(
        f"http://{LOOPBACK}:{options.port}", options.born
    )
    ThreadingHTTPServer((LOOPBACK, options.port), handler_for(pages)).serve_forever()


if __name__ == "__main__":
    main()
