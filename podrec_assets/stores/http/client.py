"""The `Fetcher`: gets feeds and transcripts, and downloads audio, from untrusted addresses."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urljoin

from podrec_assets.errors import (
    FetchFailedError,
    FetchRefusedError,
    PermanentError,
    UnusableInputError,
)
from podrec_assets.redaction import without_credentials
from podrec_assets.stores.http import request
from podrec_assets.stores.http.body import body_chunks, unpacked
from podrec_assets.stores.http.headers import last_modified, retry_after_s
from podrec_assets.stores.http.resumable import DownloadedFile, PartialFile
from podrec_assets.stores.http.ssrf_guard import checked_target

MAX_REDIRECTS = 5
PERMANENT_REDIRECTS = {301, 308}
REDIRECTS = {302, 303, 307, *PERMANENT_REDIRECTS}
RETRYABLE = {408, 425, 429}
USER_AGENT = "podrec/0.1 (podcast recommender)"


@dataclass(frozen=True)
class Fetched:
    """One complete response.

    Attributes:
        url: where the response came from, after redirects.
        status: 200 to 299, or 304 if the conditional request found nothing new.
        content_type: the header as sent, "" without one.
        body: decompressed bytes; empty for 304.
        etag: validator to send with the next conditional request.
        modified: as `etag`, the Last-Modified header.
        moved_to: where permanent redirects alone led; None if the requested address stays valid.
    """

    url: str
    status: int
    content_type: str
    body: bytes
    etag: str | None = None
    modified: str | None = None
    moved_to: str | None = None


@dataclass(frozen=True)
class OpenResponse:
    """The response after redirects, open for reading; `url` is where it came from."""

    url: str
    response: HTTPResponse
    moved_to: str | None


@dataclass(frozen=True)
class Fetcher:
    """Fetches http and https addresses within limits.

    Attributes:
        allowed_origins: host:port of origins that may have a private or loopback address.
        timeout_s: seconds for one fetch in total, redirects included.
        max_bytes: largest body that `get` reads, after decompression.
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
        """Returns the complete response to a GET, conditional if validators are given.

        Args:
            url: address to fetch.
            etag: validator of an earlier response.
            modified: validator of an earlier response.
            headers: more request headers, e.g. an API key; sent to the origin of `url` only,
                never to where it redirects.

        Raises:
            FetchRefusedError: bad scheme, private address, too many redirects or bytes.
            FetchFailedError: network error, deadline, 408, 425, 429 or 5xx; may succeed later.
            UnusableInputError: any other status, e.g. http_404.
        """
        validators = {"If-None-Match": etag, "If-Modified-Since": modified}
        general = {"Accept-Encoding": "gzip, deflate"}
        general |= {name: value for name, value in validators.items() if value}
        with self._open(url, general, self.timeout_s, headers) as opened:
            response = opened.response
            body = b""
            if response.status != 304:
                limit = self.max_bytes, "PODREC_FEED_MAX_BYTES"
                body = b"".join(body_chunks(opened.url, response, *limit))
                body = unpacked(opened.url, body, *limit)
            return Fetched(
                opened.url,
                response.status,
                response.getheader("Content-Type") or "",
                body,
                response.getheader("ETag"),
                last_modified(response),
                opened.moved_to,
            )

    def check(self, url: str) -> None:
        """Asks for the first byte of a file, and reads none.

        Not a HEAD request: some hosts of audio answer those with an error.

        Raises the errors of `get`.
        """
        with self._open(url, {"Range": "bytes=0-0"}, self.timeout_s):
            pass

    def download(
        self,
        url: str,
        target: Path,
        max_bytes: int,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> DownloadedFile:
        """Downloads a file to `target`, completely or not at all.

        Resumes `target.part` with a Range request while the server's validators match.

        Raises:
            FetchRefusedError: as `get`; also more than `max_bytes`.
            FetchFailedError: as `get`; also cancelled. The part is kept for the next attempt.
            UnusableInputError: as `get`.
        """
        part = PartialFile(target, url)
        try:
            for _ in range(2):
                headers = {"Accept-Encoding": "identity", **part.range_headers()}
                with self._open(url, headers, self.download_timeout_s) as opened:
                    is_accepted = part.begin(opened.response)
                    if is_accepted and part.file:
                        limit = max_bytes, "PODREC_AUDIO_MAX_BYTES", part.size_bytes
                        for chunk in body_chunks(url, opened.response, *limit):
                            if is_cancelled():
                                raise FetchFailedError(
                                    f"{url} was cancelled; the next attempt resumes it."
                                )
                            part.append(chunk)
                if is_accepted:
                    return part.finish()
                part.discard()
        except PermanentError:
            part.discard()
            raise
        finally:
            part.close()
        raise FetchFailedError(f"{url} sent ranges that do not fit together; try again later.")

    @contextmanager
    def _open(
        self,
        url: str,
        headers: Mapping[str, str],
        timeout_s: float,
        private_headers: Mapping[str, str] | None = None,
    ) -> Iterator[OpenResponse]:
        """Follows redirects and opens the response: a success, 304, or 416 for a Range request.

        Raises the errors of `get`.
        """
        deadline = time.monotonic() + timeout_s
        general = {"User-Agent": USER_AGENT, "Accept": "*/*", "Connection": "close", **headers}
        origin: tuple | None = None
        moved_to, is_permanent = None, True
        for _ in range(MAX_REDIRECTS + 1):
            target = checked_target(url, self._allowed)
            origin = origin or target.origin
            is_same_origin = target.origin == origin
            sent = general | dict(private_headers or {}) if is_same_origin else general
            with request.send("GET", url, target, sent, deadline, timeout_s) as response:
                location = response.getheader("Location")
                if response.status not in REDIRECTS or not location:
                    _check_status(url, response, "Range" in headers)
                    yield OpenResponse(url, response, moved_to)
                    return
                is_permanent = is_permanent and response.status in PERMANENT_REDIRECTS
                url = urljoin(url, location)
                moved_to = url if is_permanent else moved_to
        raise FetchRefusedError(
            f"{without_credentials(url)} was not reached within {MAX_REDIRECTS} redirects; "
            "use the final address."
        )

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset(
            origin.lower().replace("[", "").replace("]", "") for origin in self.allowed_origins
        )


def _check_status(url: str, response: HTTPResponse, is_range_request: bool) -> None:
    status = response.status
    if status in RETRYABLE or status >= 500:
        wait_s = retry_after_s(response.getheader("Retry-After"), datetime.now(UTC))
        raise FetchFailedError(f"{url} answered {status}; try again later.", wait_s)
    is_range_error = status == 416 and is_range_request
    if not (200 <= status < 300 or status == 304 or is_range_error):
        raise UnusableInputError(f"http_{status}", f"{url} answered {status} {response.reason}.")
