"""Serves the real transcripts of `../shared/data` as a web site.

Each show has a feed and each episode a Markdown transcript.
"""

import gzip
import json
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

TRANSCRIPTS = (
    Path(__file__).resolve().parents[2]
    / "shared"
    / "data"
    / "transcripts"
    / "changelog-dev.jsonl.gz"
)


def pages(file: Path, base_url: str, share: float = 1.0) -> dict[str, tuple[str, bytes]]:
    """Returns path -> (content type, body) of the first share of each show's episodes.

    The paths are /<show>.xml and /<show>/<slug>.md.
    """
    shows: dict[str, list[dict]] = {}
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            shows.setdefault(row["show"], []).append(row)
    site: dict[str, tuple[str, bytes]] = {}
    for show, rows in shows.items():
        chosen = rows[: math.ceil(share * len(rows))]
        for row in chosen:
            site[f"/{show}/{row['slug']}.md"] = (
                "text/markdown; charset=utf-8",
                row["markdown"].encode(),
            )
        slugs = [row["slug"] for row in chosen]
        site[f"/{show}.xml"] = (
            "application/rss+xml; charset=utf-8",
            _feed(show, slugs, base_url).encode(),
        )
    return site


def _feed(show: str, slugs: list[str], base_url: str) -> str:
    items = "".join(
        f'<item><title>{escape(slug)}</title><guid isPermaLink="false">'
        f"{escape(show)}-{escape(slug)}</guid>"
        f'<enclosure url={quoteattr(f"{base_url}/{show}/{slug}.mp3")} length="1" '
        'type="audio/mpeg"/>'
        f"<podcast:transcript url={quoteattr(f'{base_url}/{show}/{slug}.md')} "
        'type="text/markdown"/></item>'
        for slug in slugs
    )
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel>'
        f"<title>{escape(show)}</title><link>{escape(base_url)}</link><language>en</language>{items}</channel></rss>"
    )


@contextmanager
def serve(file: Path, share: float = 1.0) -> Iterator[tuple[str, list[str]]]:
    """Serves the site during the block and yields (host:port, feed addresses)."""
    served: dict[str, tuple[str, bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = served.get(self.path, ("text/plain", b""))
            self.send_response(200 if self.path in served else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Logs nothing, so that only the benchmark's own lines are printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"127.0.0.1:{server.server_address[1]}"
    served |= pages(file, f"http://{address}", share)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield (
            address,
            [f"http://{address}{path}" for path in sorted(served) if path.endswith(".xml")],
        )
    finally:
        server.shutdown()
        server.server_close()
