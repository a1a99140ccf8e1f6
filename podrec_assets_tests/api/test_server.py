"""Hostile clients of the real web server: slow, huge, leaving, guessing. No store is needed."""

import logging
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from podrec_assets.api import server
from podrec_assets.pipelines.connections import Connections
from podrec_assets.services import process
from podrec_assets.services.ports import LOOPBACK, answers, free_port
from podrec_assets.settings import Settings
from podrec_assets_tests.api.conftest import running

HALF_SENT = 1100
HEAD = b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
PAGE = "/openapi.json"


@pytest.fixture
def address(settings: Settings) -> Iterator[Callable[..., str]]:
    """Returns a function that starts a server with changed settings and returns its address."""
    with ExitStack() as stack:

        def start(**changes: object) -> str:
            changed = Connections(settings.model_copy(update=changes), {})
            return stack.enter_context(running(changed))

        yield start


def connect(base: str) -> socket.socket:
    url = httpx.URL(base)
    assert url.port
    return socket.create_connection((url.host, url.port), timeout=15)


def received(connection: socket.socket) -> bytes:
    """Returns all that comes until the server closes."""
    content = b""
    try:
        while part := connection.recv(65_536):
            content += part
    except ConnectionResetError:
        pass
    return content


@pytest.mark.slow
def test_1100_half_sent_requests_do_not_starve_another_client(tmp_path: Path) -> None:
    """A real process that may open 1,024 files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * HALF_SENT:
        pytest.skip(f"this user may open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * HALF_SENT), hard))
    port, log = free_port(), tmp_path / "api.log"
    few_files = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024)); "
    main = "from podrec_assets.cli.main import main; main()"
    with ExitStack() as stack:
        api = subprocess.Popen(
            [sys.executable, "-c", few_files + main, "api", "--port", str(port)],
            env=os.environ | {"PODREC_HOME": str(tmp_path)},
            stdout=stack.enter_context(log.open("wb")),
            stderr=subprocess.STDOUT,
        )
        stack.callback(api.wait)
        stack.callback(api.terminate)
        assert process.wait_for(lambda: answers(port), 60), log.read_text()
        base = f"http://{LOOPBACK}:{port}"
        for n in range(HALF_SENT):
            half = stack.enter_context(closing(connect(base)))
            half.sendall(HEAD if n % 2 else HEAD + b"Content-Length: 9\r\n\r\n[")
        start = time.monotonic()
        for _ in range(20):
            assert httpx.get(base + PAGE, timeout=5, verify=False).status_code == 200
        assert time.monotonic() - start < 5
    assert "Traceback" not in log.read_text()
    assert "Too many open files" not in log.read_text()


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b""),
        (b"G", b"HTTP/1.1 408 "),
        (HEAD, b"HTTP/1.1 408 "),
        (HEAD + b"Content-Length: 10\r\n\r\n[", b"HTTP/1.1 408 "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n[", b"HTTP/1.1 408 "),
        (f"GET {PAGE} HTTP/1.1\r\nHost: localhost\r\n\r\nGET /".encode(), b"HTTP/1.1 200 "),
    ],
    ids=["nothing", "a letter", "half a head", "half a body", "half a chunk", "half a second one"],
)
def test_a_request_that_does_not_arrive_in_time_ends_with_its_connection(
    address: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    sent: bytes,
    answer: bytes,
) -> None:
    monkeypatch.setattr(server, "REQUEST_S", 0.3)
    with connect(address()) as connection:
        connection.sendall(sent)
        start = time.monotonic()
        assert received(connection).startswith(answer)
        assert time.monotonic() - start < 3
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []


def test_a_request_that_drips_ends_in_time(
    address: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "REQUEST_S", 0.3)
    start = time.monotonic()
    with connect(address()) as connection:
        connection.settimeout(0.02)
        for letter in HEAD * 50:
            try:
                connection.sendall(bytes([letter]))
                if not connection.recv(100):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    assert time.monotonic() - start < 3


def test_a_kept_connection_serves_requests_longer_than_one_may_take(
    address: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "REQUEST_S", 0.3)
    with httpx.Client(base_url=address(), verify=False) as client:
        for _ in range(4):
            assert client.get(PAGE).status_code == 200
            time.sleep(0.2)


@pytest.mark.parametrize(
    "sent",
    [
        f"GET {PAGE} HTTP/1.1\r\nHost: localhost\r\nX: {'x' * 20_000}\r\n\r\n".encode(),
        f"GET {PAGE}?{'x' * 20_000} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
        f"GET {PAGE} HTTP/1.1\r\nHost: localhost\r\n".encode() + b"X: y\r\n" * 5000 + b"\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 1_000_000,
    ],
    ids=["long header", "long address", "many headers", "endless header"],
)
def test_a_large_head_is_refused(address: Callable[..., str], sent: bytes) -> None:
    base = address()
    with connect(base) as connection:
        try:
            connection.sendall(sent)
            answer = received(connection)
        except OSError:  # it was closed while the rest was still being sent
            answer = b"HTTP/1.1 400 "
    assert answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))
    assert httpx.get(base + PAGE, verify=False).status_code == 200


@pytest.mark.parametrize("reset", [False, True])
def test_a_client_that_leaves_within_its_body_leaves_no_traceback(
    address: Callable[..., str], caplog: pytest.LogCaptureFixture, reset: bool
) -> None:
    base = address()
    with connect(base) as connection:
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n[")
        time.sleep(0.2)
    time.sleep(0.2)
    assert httpx.get(base + PAGE, verify=False).status_code == 200
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []


def test_an_upgrade_to_a_websocket_gets_no_connection_without_limits(
    address: Callable[..., str],
) -> None:
    wanted = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    assert httpx.get(address() + PAGE, headers=wanted, verify=False).status_code == 200


@pytest.mark.parametrize("token", ["s3cret", "pässwörd", "名前", "\udcff", "a b", "x" * 500])
def test_any_token_is_compared(address: Callable[..., str], token: str) -> None:
    base = address(api_token=SecretStr(token))
    events, body = f"{base}/events", b"[]"

    def status(given: bytes) -> int:
        headers = {b"Authorization": b"Bearer " + given, b"Content-Type": b"text/plain"}
        return httpx.post(events, content=body, headers=headers, verify=False).status_code

    right = token.encode("utf-8", "surrogateescape")
    assert status(right) == 415  # admitted
    for wrong in (right + b"x", b"\xff\xfe", "ä".encode("latin-1"), "ä".encode(), b"\xed\xa0\x80"):
        assert status(wrong) == 401


def test_guesses_are_braked_by_client(address: Callable[..., str]) -> None:
    base = address(api_token=SecretStr("s3cret"))

    def ask(token: str | None, client: str = LOOPBACK) -> httpx.Response:
        headers = {"Content-Type": "text/plain"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        transport = httpx.HTTPTransport(local_address=client, verify=False)
        with httpx.Client(transport=transport, headers=headers) as one:
            return one.post(f"{base}/events")

    assert {ask(None).status_code for _ in range(15)} == {401}  # no guess
    assert [ask(f"guess-{n}").status_code for n in range(10)] == [401] * 10
    for token in ("guess-11", "s3cret"):
        refused = ask(token)
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 7
        assert "Too many wrong tokens: try again in" in refused.json()["error"]
    assert ask("s3cret", "127.0.0.2").status_code == 415
