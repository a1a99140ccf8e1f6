"""Fetching addresses that strangers wrote: feeds, transcripts, audio. With its siblings the only
module that talks HTTP.

Every hop of every fetch goes through `addresses.checked`. Proxies of the environment are not used,
for they would resolve the name again.
"""

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from http.client import HTTPResponse
from pathlib import Path
from threading import Timer
from urllib.parse import urljoin

from podrec_assets.errors import (
    FetchFailedError,
    FetchRefusedError,
    PermanentError,
    UnusableInputError,
)
from podrec_assets.stores.http.content_encoding import READ_BYTES, DecodeError, decoder_of
from podrec_assets.stores.http.headers import last_modified, retry_after_s
from podrec_assets.stores.http.resumable import Downloaded, PartFile
from podrec_assets.stores.http.ssrf_guard import Target, checked, connect

MAX_REDIRECTS = 5
PERMANENT_REDIRECTS = {301, 308}
REDIRECTS = {302, 303, 307, *PERMANENT_REDIRECTS}
PASSING = {408, 425, 429}
USER_AGENT = "podrec/0.1 (podcast recommender)"


@dataclass(frozen=True)
class Fetched:
    """One answer.

    Attributes:
        url: where the answer came from, after redirects.
        status: 200 to 299, or 304 when the conditional request found nothing new.
        content_type: the header as sent, "" without one.
        body: decompressed bytes; empty for 304.
        etag, modified: validators to send with the next conditional request.
        moved_to: address that permanent redirects alone led to, None if the asked one stays right.
    """

    url: str
    status: int
    content_type: str
    body: bytes
    etag: str | None = None
    modified: str | None = None
    moved_to: str | None = None


@dataclass(frozen=True)
class Answer:
    """The last hop's response, open for reading, and where it was found."""

    url: str
    response: HTTPResponse
    moved_to: str | None


@dataclass(frozen=True)
class Fetcher:
    """Fetches http and https addresses within limits.

    Attributes:
        allowed_origins: host:port of origins that may have a private or loopback address.
        timeout_s: seconds for one fetch in total, redirects included.
        max_bytes: largest body that `get` reads, counted after decompression.
        download_timeout_s: seconds for one download in total.
    """

    allowed_origins: frozenset[str]
    timeout_s: float
    max_bytes: int
    download_timeout_s: float = 1800

    def get(
        self,
        url: str,
        etag: str | None = None,
        modified: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        """The answer to a (conditional) GET.

        Args:
            url: what to fetch.
            etag, modified: validators of an earlier answer.
            headers: more request headers, e.g. an API's key; sent to the asked origin only, never
                where it redirects to.

        Raises:
            FetchRefusedError: scheme, private address, too many redirects or bytes.
            FetchFailedError: network trouble, deadline, 408, 425, 429 or 5xx; may succeed later.
            UnusableInputError: any other status, e.g. http_404.
        """
        validators = {"If-None-Match": etag, "If-Modified-Since": modified}
        asked = {"Accept-Encoding": "gzip, deflate"} | {
            name: value for name, value in validators.items() if value
        }
        with self.answer(url, asked, self.timeout_s, headers) as answer:
            response = answer.response
            body = b"" if response.status == 304 else self._body(answer.url, response)
            header = response.getheader
            content_type, etag, modified = (
                header("Content-Type") or "",
                header("ETag"),
                last_modified(response),
            )
            return Fetched(
                answer.url, response.status, content_type, body, etag, modified, answer.moved_to
            )

    def download(
        self,
        url: str,
        target: Path,
        max_bytes: int,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> Downloaded:
        """The file at a URL, at `target`: whole or not at all.

        What a broken-off try left in `target.part` is gone on with by Range, as long as the
        server's validators still hold.

        Raises:
            FetchRefusedError: as `get`; also more than `max_bytes`.
            FetchFailedError: as `get`; also cancelled. The part is kept for the next try.
            UnusableInputError: as `get`.
        """
        part = PartFile(target, url)
        try:
            for _ in range(2):
                asked = {"Accept-Encoding": "identity", **part.range_headers()}
                with self.answer(url, asked, self.download_timeout_s) as answer:
                    if (is_accepted := part.begin(answer.response)) and part.file:
                        for piece in parts_of(
                            url,
                            answer.response,
                            max_bytes,
                            "PODREC_AUDIO_MAX_BYTES",
                            part.size_bytes,
                        ):
                            if is_cancelled():
                                raise FetchFailedError(
                                    f"{url} was broken off; the next try goes on there."
                                )
                            part.append(piece)
                if is_accepted:
                    return part.finish()
                part.discard()
        except PermanentError:
            part.discard()
            raise
        finally:
            part.close()
        raise FetchFailedError(f"{url} gave parts that do not fit together; try again later.")

    @contextmanager
    def answer(
        self,
        url: str,
        headers: Mapping[str, str],
        timeout_s: float,
        private: Mapping[str, str] | None = None,
    ) -> Iterator[Answer]:
        """The open answer after redirects: a success, 304, or 416 where a range was asked for.
        Raises as `get` does.
        """
        deadline = time.monotonic() + timeout_s
        headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Connection": "close", **headers}
        origin: tuple | None = None
        moved_to, is_permanent = None, True
        for _ in range(MAX_REDIRECTS + 1):
            target = checked(url, self._allowed)
            origin = origin or target.origin
            sent = {**headers, **(private or {})} if target.origin == origin else headers
            with _hop(url, target, sent, deadline, timeout_s) as response:
                location = response.getheader("Location")
                if response.status not in REDIRECTS or not location:
                    _refuse_bad_status(url, response, "Range" in headers)
                    yield Answer(url, response, moved_to)
                    return
                is_permanent = is_permanent and response.status in PERMANENT_REDIRECTS
                url = urljoin(url, location)
                moved_to = url if is_permanent else moved_to
        raise FetchRefusedError(
            f"{url} was not reached within {MAX_REDIRECTS} redirects; use the final address."
        )

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset(
            origin.lower().replace("[", "").replace("]", "") for origin in self.allowed_origins
        )

    def _body(self, url: str, response: HTTPResponse) -> bytes:
        body = bytearray()
        for part in parts_of(url, response, self.max_bytes, "PODREC_FEED_MAX_BYTES"):
            body += part
        return bytes(body)


def parts_of(
    url: str, response: HTTPResponse, max_bytes: int, setting: str, byte_count: int = 0
) -> Iterator[bytes]:
    """The decompressed body in pieces; refused as soon as it passes the limit, so a small bomb
    costs little.

    Args:
        url, response: the open answer.
        max_bytes: limit, which the variable `setting` sets.
        byte_count: bytes that an earlier answer gave.

    Raises:
        FetchRefusedError: the body holds more.
        http.client.HTTPException: the body ended early.
    """
    too_large = FetchRefusedError(
        f"{url} holds more than {max_bytes} bytes; {setting} sets the limit."
    )
    if byte_count + (response.length or 0) > max_bytes:
        raise too_large
    decoder = decoder_of(
        (response.getheader("Content-Encoding") or "identity").strip().lower(), url
    )
    while raw := response.read1(READ_BYTES):
        for part in decoder.parts(raw):
            byte_count += len(part)
            if byte_count > max_bytes:
                raise too_large
            yield part
    if response.length or not decoder.is_whole:
        raise http.client.HTTPException("the body ended early")


def _refuse_bad_status(url: str, response: HTTPResponse, is_ranged: bool) -> None:
    status = response.status
    if status in PASSING or status >= 500:
        wait_s = retry_after_s(response.getheader("Retry-After"), datetime.now(UTC))
        raise FetchFailedError(f"{url} answered {status}; try again later.", wait_s)
    if not (200 <= status < 300 or status == 304 or (status == 416 and is_ranged)):
        raise UnusableInputError(f"http_{status}", f"{url} answered {status} {response.reason}.")


@contextmanager
def _hop(
    url: str, target: Target, headers: dict[str, str], deadline: float, timeout_s: float
) -> Iterator[HTTPResponse]:
    """The answer of one hop. A timer closes the socket at the deadline, however slowly the server
    drips bytes.
    """
    sock: socket.socket | None = None
    expired: list[bool] = []

    try:
        sock = connect(target, deadline)
        timer = Timer(max(deadline - time.monotonic(), 0.001), _expire, (sock, expired))
        timer.daemon = True
        timer.start()
        try:
            if isinstance(sock, ssl.SSLSocket):
                sock.do_handshake()
            connection = http.client.HTTPConnection(target.host, target.port)
            connection.sock = sock
            connection.request("GET", target.path, headers={"Host": target.host_header, **headers})
            yield connection.getresponse()
            if expired:
                raise TimeoutError
        finally:
            timer.cancel()
    # A certificate error is an OSError and a ValueError, so the order matters.
    except (OSError, http.client.HTTPException, DecodeError) as err:
        why = (
            f"it took longer than {timeout_s:g} s"
            if expired or isinstance(err, TimeoutError)
            else _words(err)
        )
        raise FetchFailedError(f"{url} could not be fetched: {why}; try again later.") from err
    except ValueError as err:
        raise FetchRefusedError(f"{url} cannot be asked for: {err}.") from err
    finally:
        if sock is not None:
            sock.close()


def _expire(sock: socket.socket, expired: list[bool]) -> None:
    expired.append(True)
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _words(err: Exception) -> str:
    return getattr(err, "strerror", None) or str(err) or type(err).__name__
