"""The fetcher refuses private addresses and keeps its limits, on hostile servers too."""

import gzip
import socket
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

import pytest

from podrec_assets.errors import FetchFailedError, FetchRefusedError, UnusableInputError
from podrec_assets.stores.http.client import Fetcher
from podrec_assets.stores.http.headers import retry_after_s
from podrec_assets.stores.http.ssrf_guard import is_public
from podrec_assets_tests.loopback import Answer, Server, drip, endless, reply, serving

LIMIT = 100_000
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def fetcher(origin: str, timeout_s: float = 5) -> Fetcher:
    return Fetcher(frozenset({origin}), timeout_s, LIMIT)


def test_an_allowed_origin_is_fetched_with_its_validators(server: Server) -> None:
    origin, answers = server
    answers["/feed"] = reply(
        b"<rss/>",
        Content_Type="application/xml",
        ETag='"7"',
        Last_Modified="Sun, 01 Sep 2024 10:00:00 GMT",
    )
    fetched = fetcher(origin).get(f"http://{origin}/feed#top")
    assert (fetched.status, fetched.body, fetched.content_type) == (
        200,
        b"<rss/>",
        "application/xml",
    )
    assert (fetched.etag, fetched.modified) == ('"7"', "Sun, 01 Sep 2024 10:00:00 GMT")


def test_last_modified_is_no_validator_within_two_seconds_of_a_change(
    server: Server,
) -> None:
    origin, answers = server
    for seconds, kept in ((0, False), (1, False), (2, True), (-5, False)):
        modified = format_datetime(NOON - timedelta(seconds=seconds), usegmt=True)
        answers["/feed"] = _at_noon(modified)
        assert fetcher(origin).get(f"http://{origin}/feed").modified == (modified if kept else None)


def _at_noon(modified: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.date_time_string = lambda *_: format_datetime(NOON, usegmt=True)  # type: ignore[method-assign]
        reply(b"<rss/>", Last_Modified=modified)(handler)

    return answer


def test_permanent_redirects_are_reported_and_temporary_ones_are_not(server: Server) -> None:
    origin, answers = server
    answers["/old"] = reply(status=301, Location="/newer")
    answers["/newer"] = reply(status=308, Location="/new")
    answers["/today"] = reply(status=302, Location="/old")
    answers["/half"] = reply(status=301, Location="/today")
    answers["/new"] = reply(b"here")
    moved_to = {
        p: fetcher(origin).get(f"http://{origin}{p}").moved_to
        for p in ("/old", "/today", "/half", "/new")
    }
    base = f"http://{origin}"
    assert moved_to == {
        "/old": f"{base}/new",
        "/today": None,
        "/half": f"{base}/today",
        "/new": None,
    }


def test_a_key_is_never_sent_to_another_origin_after_a_redirect(server: Server) -> None:
    origin, answers = server
    with serving() as (other, others):
        keys: list[str | None] = []

        def record_key(handler: BaseHTTPRequestHandler) -> None:
            keys.append(handler.headers["Authorization"])
            reply(b"ok")(handler)

        others["/x"] = answers["/there"] = record_key
        answers["/same"] = reply(status=302, Location="/there")
        answers["/away"] = reply(status=302, Location=f"http://{other}/x")
        both = Fetcher(frozenset({origin, other}), 5, LIMIT)
        for path in ("/same", "/away"):
            both.get(f"http://{origin}{path}", headers={"Authorization": "secret"})
    assert keys == ["secret", None]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("7", 7),
        ("Wed, 25 Nov 2026 12:01:00 GMT", 60),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0),
        ("soon", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, expected: float | None) -> None:
    assert retry_after_s(header, NOON) == expected


def test_a_busy_servers_retry_after_is_in_the_error(server: Server) -> None:
    origin, answers = server
    answers["/x"] = reply(status=429, Retry_After="30")
    with pytest.raises(FetchFailedError) as failed:
        fetcher(origin).get(f"http://{origin}/x")
    assert failed.value.retry_after_s == 30


def test_an_unchanged_feed_answers_304_without_a_body(server: Server) -> None:
    origin, answers = server
    answers["/feed"] = lambda h: reply(status=304 if h.headers["If-None-Match"] == '"7"' else 200)(
        h
    )
    fetched = fetcher(origin).get(f"http://{origin}/feed", etag='"7"')
    assert (fetched.status, fetched.body) == (304, b"")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/x",
        "gopher://127.0.0.1/",
        "//example.org/",
        "http://",
        "feed.xml",
        "http://[::1",
        "http://127.0.0.1:1/",
        "http://2130706433:1/",
        "http://0x7f.1:1/",
        "http://[::1]:1/",
        "http://[::ffff:127.0.0.1]:1/",
        "http://10.1.2.3/",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0.0.0.0/",
        "http://localhost:1/",
        "http://user:secret@127.0.0.1/",
        "http://example.org:99999/",
    ],
)
def test_a_private_or_unsupported_address_is_refused(url: str) -> None:
    with pytest.raises(FetchRefusedError) as refused:
        Fetcher(frozenset(), 5, LIMIT).get(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("8.8.8.8", True),
        ("172.32.0.1", True),
        ("192.0.1.1", True),
        ("198.20.0.1", True),
        ("223.255.255.255", True),
        ("2a00:1450::1", True),
        ("2001:4860:4860::8888", True),
        ("2001:200::1", True),
        ("3ffe::1", True),
        ("0.0.0.1", False),
        ("10.255.255.255", False),
        ("127.255.0.1", False),
        ("172.16.0.1", False),
        ("172.31.255.255", False),
        ("192.0.0.8", False),
        ("192.0.2.1", False),
        ("192.88.99.1", False),
        ("198.18.0.1", False),
        ("198.19.255.255", False),
        ("198.51.100.1", False),
        ("203.0.113.1", False),
        ("239.255.255.255", False),
        ("240.0.0.1", False),
        ("::ffff:8.8.8.8", False),
        ("::ffff:0:808:808", False),
        ("::1", False),
        ("100::1", False),
        ("100:0:0:1::1", False),
        ("2001::1", False),
        ("2001:2::1", False),
        ("2001:20::1", False),
        ("2001:1ff:ffff::1", False),
        ("2001:db8::1", False),
        ("2002:808:808::1", False),
        ("3fff::1", False),
        ("3fff:fff:ffff::1", False),
        ("4000::1", False),
        ("5f00::1", False),
        ("5f00:ffff::1", False),
        ("fd00::1", False),
        ("febf::1", False),
        ("64:ff9b::a00:1", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("ff02::1", False),
        ("::ffff:169.254.169.254", False),
        ("::", False),
        ("::7f00:1", False),
        ("::808:808", False),
        ("fec0::1", False),
        ("64:ff9b:1::808:808", False),
    ],
)
def test_only_global_addresses_are_public(address: str, expected: bool) -> None:
    assert is_public(address) is expected


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [(2, 1, 6, "", ("93.184.216.34", 80)), (2, 1, 6, "", ("127.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: entries)
    with pytest.raises(FetchRefusedError, match=r"127\.0\.0\.1"):
        Fetcher(frozenset(), 5, LIMIT).get("http://rebind.example/")


def test_the_socket_goes_to_the_checked_address_without_a_second_look_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, answers = server
    port = int(origin.split(":")[1])
    answers["/"] = lambda h: reply(h.headers["Host"].encode())(h)
    names = []

    def look_up(host: str, *_: object, **__: object) -> list[tuple]:
        names.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        assert address == ("127.0.0.1", port)
        sock = socket.socket()
        sock.settimeout(timeout)
        sock.connect(address)
        return sock

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    fetched = fetcher(f"feeds.example:{port}").get(f"http://feeds.example:{port}/")
    assert names == ["feeds.example"]
    assert fetched.body == f"feeds.example:{port}".encode()


def test_each_redirect_is_checked(server: Server) -> None:
    origin, answers = server
    answers["/a"] = reply(status=302, Location="/b")
    answers["/b"] = reply(b"there")
    answers["/evil"] = reply(status=302, Location="http://127.0.0.1:9/admin")
    answers["/file"] = reply(status=301, Location="file:///etc/passwd")
    fetched = fetcher(origin).get(f"http://{origin}/a")
    assert (fetched.url, fetched.body) == (f"http://{origin}/b", b"there")
    for path in ("/evil", "/file"):
        with pytest.raises(FetchRefusedError):
            fetcher(origin).get(f"http://{origin}{path}")


def test_more_than_five_redirects_are_refused(server: Server) -> None:
    origin, answers = server
    for n in range(7):
        answers[f"/{n}"] = reply(status=302, Location=f"/{n + 1}")
    answers["/7"] = reply(b"end")
    assert fetcher(origin).get(f"http://{origin}/2").body == b"end"
    with pytest.raises(FetchRefusedError, match="5 redirects"):
        fetcher(origin).get(f"http://{origin}/0")


def test_a_body_over_the_limit_is_refused_with_and_without_content_length(server: Server) -> None:
    origin, answers = server
    answers["/declared"] = reply(b"x" * (LIMIT + 1))
    answers["/endless"] = endless
    for path in ("/declared", "/endless"):
        with pytest.raises(FetchRefusedError, match="more than 100000 bytes"):
            fetcher(origin).get(f"http://{origin}{path}")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_small_body_that_unpacks_to_a_large_one_is_refused(server: Server, encoding: str) -> None:
    origin, answers = server
    zeros = b"\0" * 50_000_000
    packed = gzip.compress(zeros) if encoding == "gzip" else zlib.compress(zeros)
    assert len(packed) < LIMIT
    answers["/bomb"] = reply(packed, Content_Encoding=encoding)
    with pytest.raises(FetchRefusedError, match="more than"):
        fetcher(origin).get(f"http://{origin}/bomb")


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda b: zlib.compress(b)[2:-4]),
        ("identity", bytes),
        ("gzip", lambda b: gzip.compress(b[:70_000]) + gzip.compress(b[70_000:]) + b"\0\0"),
    ],
)
def test_compressed_bodies_arrive_complete(
    server: Server, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    origin, answers = server
    body = b"".join(b"%d episodes " % n for n in range(7_000))
    answers["/feed"] = reply(pack(body), Content_Encoding=encoding)
    assert fetcher(origin).get(f"http://{origin}/feed").body == body


def test_a_gzip_file_is_unpacked_without_a_header_within_the_limit(server: Server) -> None:
    origin, answers = server
    body = b"<rss/>" * 1000
    answers["/feed.xml.gz"] = reply(gzip.compress(body), Content_Type="application/gzip")
    answers["/twice"] = reply(gzip.compress(gzip.compress(body)), Content_Encoding="gzip")
    answers["/bomb"] = reply(gzip.compress(b"x" * (LIMIT + 1)))
    for path in ("/feed.xml.gz", "/twice"):
        assert fetcher(origin).get(f"http://{origin}{path}").body == body
    with pytest.raises(FetchRefusedError, match="PODREC_FEED_MAX_BYTES"):
        fetcher(origin).get(f"http://{origin}/bomb")
    for name, packed in {"cut": gzip.compress(body)[:-9], "broken": b"\x1f\x8bxxxx"}.items():
        answers[f"/{name}"] = reply(packed)
        with pytest.raises(FetchFailedError, match="gzip"):
            fetcher(origin).get(f"http://{origin}/{name}")


@pytest.mark.parametrize(
    "url",
    [
        "http://ann:s3cret@127.0.0.1:1/x",
        "http://s3cret@127.0.0.1:1/x",
        "ftp://ann:s3cret@b.example/x",
        "http://ann:s3cret@b.example:99999/x",
        "http://ann:s3cret@[::1/x",
        "http://ann:s3cret@",
    ],
)
def test_no_error_shows_a_user_name_or_password(server: Server, url: str) -> None:
    origin, answers = server
    answers["/there"] = reply(status=302, Location=url)
    for asked in (url, f"http://{origin}/there"):
        with pytest.raises(FetchRefusedError) as refused:
            fetcher(origin).get(asked)
        assert "s3cret" not in str(refused.value)


def test_a_truncated_body_is_a_failure_and_not_a_short_feed(server: Server) -> None:
    origin, answers = server
    answers["/gzip"] = reply(gzip.compress(b"y" * 50_000)[:-20], Content_Encoding="gzip")
    answers["/short"] = reply(b"half", Content_Length="8")
    for path in ("/gzip", "/short"):
        with pytest.raises(FetchFailedError):
            fetcher(origin).get(f"http://{origin}{path}")


def test_the_deadline_holds_against_a_server_that_drips(server: Server) -> None:
    origin, answers = server

    answers["/drip"] = drip
    begun = time.monotonic()
    with pytest.raises(FetchFailedError, match=r"longer than 0\.3 s"):
        fetcher(origin, timeout_s=0.3).get(f"http://{origin}/drip")
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, UnusableInputError),
        (410, UnusableInputError),
        (429, FetchFailedError),
        (503, FetchFailedError),
    ],
)
def test_a_bad_status_is_retryable_or_not(
    server: Server, status: int, error: type[Exception]
) -> None:
    origin, answers = server
    answers["/x"] = reply(b"sorry", status=status)
    with pytest.raises(error, match=str(status)):
        fetcher(origin).get(f"http://{origin}/x")


def test_a_closed_port_is_a_retryable_failure() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        origin = f"127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(FetchFailedError):
        fetcher(origin).get(f"http://{origin}/")


def test_spaces_and_letters_in_an_address_are_escaped(server: Server) -> None:
    origin, answers = server
    answers["/f%C3%BCr%20dich?q=%C3%A4%20b&x=1%2C2"] = reply(b"ok")
    assert fetcher(origin).get(f"http://{origin}/für dich?q=ä b&x=1%2C2").body == b"ok"
