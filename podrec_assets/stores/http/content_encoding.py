"""gzip and deflate bodies of HTTP, unpacked piece by piece so that whoever reads can count and
stop.
"""

import zlib
from collections.abc import Iterator

from podrec_assets.errors import UnusableInputError

READ_BYTES = 65536
DecodeError = zlib.error


class Plain:
    """Passes bytes on."""

    is_whole = True

    def parts(self, raw: bytes) -> Iterator[bytes]:
        """The decoded bytes of a raw piece."""
        yield raw


class Inflater:
    """Decompresses in bounded steps. gzip may hold several members; deflate may lack its zlib
    header.
    """

    def __init__(self, window_bits: int) -> None:
        self.window_bits = window_bits
        self.stream = zlib.decompressobj(window_bits)
        self.byte_count = 0

    @property
    def is_whole(self) -> bool:
        """The last member has ended, or there was none."""
        return self.stream.eof or not self.byte_count

    def parts(self, raw: bytes) -> Iterator[bytes]:
        """The decoded bytes of a raw piece, at most READ_BYTES at once: the reader can stop before
        a bomb unfolds.
        """
        self.byte_count += len(raw)
        part = b""
        # A full part may leave output inside the stream although all input is consumed.
        while raw or len(part) == READ_BYTES:
            if self.stream.eof:
                if not raw.startswith(b"\x1f\x8b"):
                    return  # padding after the last member
                self.stream = zlib.decompressobj(self.window_bits)
            part = self._decompress(raw)
            yield part
            raw = self.stream.unused_data if self.stream.eof else self.stream.unconsumed_tail

    def _decompress(self, raw: bytes) -> bytes:
        try:
            return self.stream.decompress(raw, READ_BYTES)
        except DecodeError:
            if self.byte_count > len(raw) or self.window_bits != zlib.MAX_WBITS:
                raise
            self.window_bits = -zlib.MAX_WBITS
            self.stream = zlib.decompressobj(self.window_bits)
            return self.stream.decompress(raw, READ_BYTES)


def decoder_of(encoding: str, url: str) -> Plain | Inflater:
    """The decoder of a Content-Encoding header. Raises UnusableInputError for one that podrec does
    not ask for.
    """
    if encoding in ("gzip", "x-gzip"):
        return Inflater(zlib.MAX_WBITS | 16)
    if encoding == "deflate":
        return Inflater(zlib.MAX_WBITS)
    if encoding in ("identity", ""):
        return Plain()
    raise UnusableInputError(
        "bad_encoding", f"{url} is compressed as {encoding!r}, which was not asked for."
    )
