"""One ingest of good and hostile feeds: each bad one is a dead letter, every good one lands."""

import gzip
import re
import socket
import time
import zlib
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.episode_landing import land_episodes
from podrec_assets.pipelines.content.feed_ingest import ingest_feeds
from podrec_assets_tests.loopback import Answer, drip, endless, reply

pytestmark = pytest.mark.services
NOW = datetime.now(UTC)
PUBLIC = "93.184.216.34"


def item(n: int, more: str = "") -> str:
    return f"<item><guid>g{n}</guid><title>T{n}</title>{more}</item>"


def rss(*items: str, head: str = "") -> bytes:
    channel = f"<channel><title>S</title>{''.join(items)}</channel>"
    return f'{head}<rss version="2.0">{channel}</rss>'.encode()


def zeros(count: int) -> bytes:
    """Returns gzip of `count` MB of zeros, built by repeating the packed form of one MB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    first = packer.compress(b"\0" * 1_000_000) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(b"\0" * 1_000_000) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * (count - 1)


def redirect(location: str) -> Answer:
    return reply(status=302, Location=location)


def silent(_: BaseHTTPRequestHandler) -> None:
    time.sleep(5)


def many_headers(handler: BaseHTTPRequestHandler) -> None:
    reply(rss(item(1)), **{f"X_{n}": "x" for n in range(200)})(handler)  # type: ignore[arg-type]


LAUGHS = (
    '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
XXE = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
SERVED: dict[str, tuple[Answer, str]] = {
    "billion laughs": (reply(rss(item(1, "&c;"), head=LAUGHS)), "unsafe_xml"),
    "XXE": (reply(rss(item(1, "&x;"), head=XXE)), "unsafe_xml"),
    "external parameter entity": (
        reply(
            rss(item(1), head='<!DOCTYPE rss [<!ENTITY % x SYSTEM "http://10.0.0.1/x.dtd">%x;]>')
        ),
        "unsafe_xml",
    ),
    "1 GB of zeros compressed": (reply(zeros(1000), Content_Encoding="gzip"), "fetch_refused"),
    "deflate bomb": (
        reply(zlib.compress(b"\0" * 50_000_000), Content_Encoding="deflate"),
        "fetch_refused",
    ),
    "endless body": (endless, "fetch_refused"),
    "slow drip": (drip, "fetch_failed"),
    "silence": (silent, "fetch_failed"),
    "200 headers": (many_headers, "fetch_failed"),
    "redirect to 127.0.0.1": (redirect("http://127.0.0.1:9/admin"), "fetch_refused"),
    "redirect to the metadata address": (
        redirect("http://169.254.169.254/latest/meta-data/"),
        "fetch_refused",
    ),
    "redirect to a file": (redirect("file:///etc/passwd"), "fetch_refused"),
    "redirect loop": (redirect("/redirect%20loop"), "fetch_refused"),
    "PDF": (reply(b"%PDF-1.7\n" + rss(item(1))), "not_a_feed"),
    "web page": (reply(b"<!DOCTYPE html><html><body>hello</body></html>"), "not_a_feed"),
    "JSON": (reply(b'{"items": []}'), "not_a_feed"),
    "binary with null bytes": (reply(bytes(range(256)) * 100), "not_a_feed"),
    "nothing": (reply(b""), "empty_feed"),
    "no items": (reply(rss()), "empty_feed"),
    "truncated gzip": (
        reply(gzip.compress(rss(*map(item, range(999))))[:-50], Content_Encoding="gzip"),
        "fetch_failed",
    ),
    "gzip that is none": (reply(rss(item(1)), Content_Encoding="gzip"), "fetch_failed"),
    "an encoding nobody asked for": (reply(rss(item(1)), Content_Encoding="br"), "bad_encoding"),
    "lying length": (reply(rss(item(1)), Content_Length="99999"), "fetch_failed"),
    "100,000 items": (reply(rss(*map(item, range(100_000)))), "too_complex"),
    "gone": (reply(status=410), "http_410"),
    "server error": (reply(status=500), "fetch_failed"),
}
ADDRESSES = {
    "file:///etc/passwd": "fetch_refused",
    "http://169.254.169.254/latest/meta-data/": "fetch_refused",
    "http://[::ffff:127.0.0.1]:9/feed.xml": "fetch_refused",
    "http://2130706433:9/feed.xml": "fetch_refused",
    "http://10.0.0.1/feed.xml": "fetch_refused",
    "http://user:secret@127.0.0.1:9/feed.xml": "credentials",
    "https://user:sec/ret@127.0.0.1/feed.xml": "credentials",
    "http://[::1": "fetch_refused",
    "feed.xml": "fetch_refused",
    "http://mixed.example/feed.xml": "fetch_refused",
    "http://rebinds.example/feed.xml": "fetch_failed",
}
READABLE: dict[str, tuple[bytes, set[str], set[str]]] = {
    "good": (rss(item(1), item(2)), {"T1", "T2"}, set()),
    "wrong charset": (
        rss(item(1, "<link>caf\xe9</link>")).replace("\xe9".encode(), b"\xe9"),
        {"T1"},
        {"malformed_xml"},
    ),
    "truncated": (rss(item(1), item(2))[:-56], {"T1"}, {"malformed_xml"}),
    "duplicate guids": (rss(item(1), item(1), item(2)), {"T1", "T2"}, {"duplicate_item"}),
    "an item without identity": (rss("<item/>", item(2)), {"T2"}, {"no_identity"}),
    "deep nesting": (
        rss(item(1, "<x>" + "<b>" * 5_000 + "</b>" * 5_000 + "</x>"), item(2)),
        {"T1", "T2"},
        {"malformed_xml"},
    ),
    "200,000 attributes": (
        rss(item(1, "<a " + " ".join(f"a{n}='x'" for n in range(200_000)) + "/></b>"), item(2)),
        {"T1", "T2"},
        {"malformed_xml"},
    ),
    "half a pair": (
        rss(item(1), item(2, "<description>&#55358;</description>")),
        {"T1", "T2"},
        {"malformed_xml"},
    ),
    "credentials in addresses": (
        rss(item(1, '<enclosure url="https://user:secret@a.example/1.mp3"/><link>&</link>')),
        {"T1"},
        {"malformed_xml"},
    ),
    "gigantic text": (
        rss(item(1, f"<description>{'&lt;!--' * 200_000}</description>")),
        {"T1"},
        set(),
    ),
    "gigantic attribute": (
        rss(
            item(1, f'<enclosure url="http://a.example/{"a" * 2_000_000}" type="audio/mpeg"/>'),
            item(2),
        ),
        {"T2"},
        {"too_large"},
    ),
    "the last good one": (rss(item(1)), {"T1"}, set()),
}


@pytest.fixture
def strange_names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Makes names resolve to a public and a loopback address, at once or one after the other."""
    asked: list[str] = []
    look_up, connect = socket.getaddrinfo, socket.create_connection

    def found(address: str) -> tuple:
        return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))

    def strange(host: str, *rest: Any, **more: Any) -> list[tuple]:
        if not str(host).endswith(".example"):
            return look_up(host, *rest, **more)
        asked.append(host)
        if host == "mixed.example":
            return [found(PUBLIC), found("127.0.0.1")]
        return [found(PUBLIC if asked.count(host) == 1 else "127.0.0.1")]

    def nowhere(address: tuple, *rest: Any, **more: Any) -> socket.socket:
        if address[0] == PUBLIC:
            raise OSError("unreachable")
        return connect(address, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", strange)
    monkeypatch.setattr(socket, "create_connection", nowhere)
    return asked


def test_hostile_feeds_are_dead_letters_with_a_reason_and_good_feeds_land(
    feeds_podrec: Connections, server: tuple[str, dict], strange_names: list[str]
) -> None:
    origin, answers = server
    answers |= {f"/{name.replace(' ', '%20')}": answer for name, (answer, _) in SERVED.items()}
    answers |= {
        f"/{name.replace(' ', '%20')}": reply(body) for name, (body, *_) in READABLE.items()
    }
    address = {name: f"http://{origin}/{name}" for name in [*SERVED, *READABLE]}
    expected = ADDRESSES | {address[name]: reason for name, (_, reason) in SERVED.items()}
    shown = {
        "http://user:secret@127.0.0.1:9/feed.xml": "http://127.0.0.1:9/feed.xml",
        "https://user:sec/ret@127.0.0.1/feed.xml": "https://127.0.0.1/feed.xml",
    }
    names = list(READABLE)
    urls = [address[names[0]], *expected, *(address[name] for name in names[1:])]

    document = ingest_feeds(feeds_podrec, urls, False, NOW)

    expected = {shown.get(url, url): reason for url, reason in expected.items()}
    assert {r["feed_url"]: r["reason"] for r in document["feeds"] if r["error"]} == expected
    letters = feeds_podrec.lake.read("dead_letters").to_pylist()
    assert {
        r["source_key"]: r["reason"] for r in letters if r["source_key"] in expected
    } == expected
    assert not re.search("secret|sec/ret", f"{letters}{document}")
    assert strange_names.count("rebinds.example") == 1
    land_episodes(
        feeds_podrec.lake, feeds_podrec.kafka, feeds_podrec.settings, [NOW.date()], NOW.date()
    )
    rows = feeds_podrec.lake.read("episodes").to_pylist()
    assert "secret" not in repr(rows)
    for name, (_, titles, reasons) in READABLE.items():
        assert {r["title"] for r in rows if r["feed_url"] == address[name]} == titles, name
        assert {
            r["reason"] for r in letters if r["source_key"].split("#")[0] == address[name]
        } == reasons, name
    assert (
        len(rows)
        == document["produced_count"]
        == sum(len(titles) for _, titles, _ in READABLE.values())
    )
