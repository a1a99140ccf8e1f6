"""The sample server answers with whole pages, parts of them, and nothing where nothing changed."""

import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer

import pytest

from podrec_assets.services.samples import handler_for

BODY = b"0123456789"
Answer = tuple[int, str | None, bytes]


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, int]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for({"/a.opus": ("audio/ogg", BODY)}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield "127.0.0.1", server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def answer(
    server: tuple[str, int], headers: dict[str, str], path: str = "/a.opus", method: str = "GET"
) -> Answer:
    connection = HTTPConnection(*server, timeout=10)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    found = response.status, response.headers["Content-Range"], response.read()
    connection.close()
    return found


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param("bytes=0-", (206, "bytes 0-9/10", BODY), id="from the start"),
        pytest.param("bytes=7-", (206, "bytes 7-9/10", b"789"), id="from the middle"),
        pytest.param("bytes=2-4", (206, "bytes 2-4/10", b"234"), id="a part"),
        pytest.param("bytes=8-99", (206, "bytes 8-9/10", b"89"), id="past the end"),
        pytest.param("bytes=-3", (206, "bytes 7-9/10", b"789"), id="the last three"),
        pytest.param("bytes=-99", (206, "bytes 0-9/10", BODY), id="more than there are"),
        pytest.param("bytes=10-", (416, "bytes */10", b""), id="behind the end"),
        pytest.param("bytes=0-1,4-5", (200, None, BODY), id="two parts"),
        pytest.param("bytes=-", (200, None, BODY), id="neither"),
        pytest.param("lines=1-2", (200, None, BODY), id="another unit"),
    ],
)
def test_a_range_is_answered_with_that_part(
    server: tuple[str, int], asked: str, expected: Answer
) -> None:
    assert answer(server, {"Range": asked}) == expected


def test_without_a_range_the_whole_page_comes_once(server: tuple[str, int]) -> None:
    connection = HTTPConnection(*server, timeout=10)
    connection.request("GET", "/a.opus")
    first = connection.getresponse()
    assert (first.status, first.headers["Accept-Ranges"], first.read()) == (200, "bytes", BODY)
    connection.close()
    assert answer(server, {"If-None-Match": first.headers["ETag"]}) == (304, None, b"")
    assert answer(server, {}, method="HEAD") == (200, None, b"")
    assert answer(server, {"Range": "bytes=0-3"}, path="/nothing")[0] == 404
