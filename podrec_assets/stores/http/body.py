"""Bodies of HTTP responses: decompressed in small pieces and limited in size."""

import zlib
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse

from podrec_assets.errors import FetchFailedError, FetchRefusedError, UnusableInputError

READ_BYTES = 65536
DecodeError = zlib.error
GZIP = b"\x1f\x8b"
"""How every gzip file begins."""


def body_chunks(
    url: str, response: HTTPResponse, max_bytes: int, setting: str, byte_count: int = 0
) -> Iterator[bytes]:
    """Yields the decompressed body, and stops at the limit before a zip bomb unfolds.

    Args:
        url: address of the response, for messages.
        response: the open response.
        max_bytes: limit in bytes after decompression.
        setting: environment variable that sets the limit.
        byte_count: bytes of the body that an earlier response delivered.

    Raises:
        FetchRefusedError: the body is larger than the limit.
        UnusableInputError: the body has an encoding that was not requested.
        HTTPException: the body ended early.
    """
    too_large = _too_large(url, max_bytes, setting)
    if byte_count + (response.length or 0) > max_bytes:
        raise too_large
    encoding = (response.getheader("Content-Encoding") or "identity").strip().lower()
    decoder = _decoder(encoding, url)
    while raw := response.read1(READ_BYTES):
        for chunk in decoder.decode(raw):
            byte_count += len(chunk)
            if byte_count > max_bytes:
                raise too_large
            yield chunk
    if response.length or not decoder.is_complete:
        raise HTTPException("the body ended early")


def unpacked(url: str, body: bytes, max_bytes: int, setting: str) -> bytes:
    """Returns a body that is a gzip file itself, such as `feed.xml.gz`, without its compression.

    Raises:
        FetchRefusedError: the content is larger than the limit.
        FetchFailedError: the file is damaged or not complete.
    """
    if not body.startswith(GZIP):
        return body
    chunks, byte_count, decoder = [], 0, Inflater(zlib.MAX_WBITS | 16)
    try:
        for chunk in decoder.decode(body):
            byte_count += len(chunk)
            if byte_count > max_bytes:
                raise _too_large(url, max_bytes, setting)
            chunks.append(chunk)
    except DecodeError as err:
        raise FetchFailedError(f"{url} is a damaged gzip file; try again later.") from err
    if not decoder.is_complete:
        raise FetchFailedError(f"{url} is a gzip file that ends early; try again later.")
    return b"".join(chunks)


def _too_large(url: str, max_bytes: int, setting: str) -> FetchRefusedError:
    return FetchRefusedError(f"{url} has more than {max_bytes} bytes; {setting} sets the limit.")


class Identity:
    """Passes bytes on unchanged."""

    is_complete = True

    def decode(self, raw: bytes) -> Iterator[bytes]:
        yield raw


class Inflater:
    """Decompresses gzip (of any number of members) and deflate (with or without zlib header)."""

    def __init__(self, window_bits: int) -> None:
        self.window_bits = window_bits
        self.stream = zlib.decompressobj(window_bits)
        self.byte_count = 0

    @property
    def is_complete(self) -> bool:
        """Whether the last member has ended, or there was none."""
        return self.stream.eof or not self.byte_count

    def decode(self, raw: bytes) -> Iterator[bytes]:
        """Yields decompressed chunks of at most READ_BYTES."""
        self.byte_count += len(raw)
        chunk = b""
        # After a full chunk the stream may hold more output although all input is consumed.
        while raw or len(chunk) == READ_BYTES:
            if self.stream.eof:
                if not raw.startswith(GZIP):
                    return  # padding after the last member
                self.stream = zlib.decompressobj(self.window_bits)
            chunk = self._decompress(raw)
            yield chunk
            raw = self.stream.unused_data if self.stream.eof else self.stream.unconsumed_tail

    def _decompress(self, raw: bytes) -> bytes:
        try:
            return self.stream.decompress(raw, READ_BYTES)
        except DecodeError:
            if self.byte_count > len(raw) or self.window_bits != zlib.MAX_WBITS:
                raise
            # The first bytes are no zlib header: the deflate stream comes without one.
            self.window_bits = -zlib.MAX_WBITS
            self.stream = zlib.decompressobj(self.window_bits)
            return self.stream.decompress(raw, READ_BYTES)


def _decoder(encoding: str, url: str) -> Identity | Inflater:
    match encoding:
        case "gzip" | "x-gzip":
            return Inflater(zlib.MAX_WBITS | 16)
        case "deflate":
            return Inflater(zlib.MAX_WBITS)
        case "identity" | "":
            return Identity()
    raise UnusableInputError(
        "bad_encoding", f"{url} is compressed as {encoding!r}, which was not requested."
    )
