"""The loopback HTTP server of the sample world's feeds, transcripts and audio, as a child process.

It serves what the module given by `--site` builds, so `services` does not import `sample_world`.
"""

import argparse
import hashlib
import importlib
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
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


def handler_for(pages: dict[str, tuple[str, bytes]]) -> type[BaseHTTPRequestHandler]:
    """Returns a request handler for fixed pages (path -> content type, body) with ETags."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def _answer(self, with_body: bool) -> None:
            path = self.path.partition("?")[0]
            content_type, body = pages.get(path, ("text/plain", b"not found\n"))
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            is_unchanged = path in pages and self.headers.get("If-None-Match") == tag
            self.send_response(304 if is_unchanged else 200 if path in pages else 404)
            self.send_header("ETag", tag)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", "0" if is_unchanged else str(len(body)))
            self.end_headers()
            if with_body and not is_unchanged:
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
