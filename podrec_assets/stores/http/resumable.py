"""A download on its way to a file: the part beside its target, with what is needed to go on with it
after a crash.
"""

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, replace
from http.client import HTTPResponse
from pathlib import Path
from typing import BinaryIO

from podrec_assets.errors import FetchFailedError
from podrec_assets.stores.http.headers import last_modified


@dataclass(frozen=True)
class Downloaded:
    """A whole file on disk.

    Attributes:
        path: the file.
        url: address that was asked for.
        content_type: the header as sent, "" without one.
        size_bytes, sha256: of the file.
    """

    path: Path
    url: str
    content_type: str
    size_bytes: int
    sha256: str


def note_of(path: Path) -> Path:
    """The file that says of a finished download what the bytes do not."""
    return path.with_name(path.name + ".json")


def part_of(path: Path) -> Path:
    """The unfinished download of a file."""
    return path.with_name(path.name + ".part")


def finished(path: Path) -> Downloaded | None:
    """The download that is already at a path, None if there is none or its note does not fit."""
    try:
        found = Downloaded(**{**json.loads(note_of(path).read_text()), "path": path})
        return found if path.stat().st_size == found.size_bytes else None
    except (OSError, ValueError, TypeError):
        return None


class PartFile:
    """`target.part`, and in `target.part.json` the server's validators of it, written before its
    first byte.
    """

    def __init__(self, target: Path, url: str) -> None:
        self.target, self.url = target, url
        self.path, self.note = part_of(target), note_of(part_of(target))
        self.size_bytes = 0
        self.content_type = ""
        self.validator: str | None = None
        self.total: int | None = None
        self.file: BinaryIO | None = None
        target.parent.mkdir(parents=True, exist_ok=True)

    def range_headers(self) -> dict[str, str]:
        """Headers that ask for the rest only if the file is still the same; none when nothing can
        be gone on with.
        """
        self.size_bytes, self.total = 0, None
        try:
            note = json.loads(self.note.read_text())
            size, self.validator = self.path.stat().st_size, note["validator"]
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        if note.get("url") != self.url or not self.validator or not size:
            return {}
        self.size_bytes, self.content_type = size, note.get("content_type") or ""
        return {"Range": f"bytes={size}-", "If-Range": self.validator}

    def begin(self, response: HTTPResponse) -> bool:
        """Opens the part where the answer goes on; False when the answer fits no part, so that all
        is to be asked again.
        """
        content_range = response.getheader("Content-Range") or ""
        if response.status == 416:  # nothing is left to send, or the part is of no use
            return re.fullmatch(rf"bytes \*/{self.size_bytes}", content_range) is not None and bool(
                self.size_bytes
            )
        if response.status == 206:
            found = re.fullmatch(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", content_range)
            # Some servers heed Range and not If-Range.
            if (
                not found
                or int(found[1]) != self.size_bytes
                or _validator(response) not in (None, self.validator)
            ):
                return False
            self.total = None if found[2] == "*" else int(found[2])
            self.file = self.path.open("ab")
            return True
        self.size_bytes, self.content_type = 0, response.getheader("Content-Type") or ""
        self.path.unlink(missing_ok=True)
        self.note.write_text(
            json.dumps(
                {
                    "url": self.url,
                    "validator": _validator(response),
                    "content_type": self.content_type,
                }
            )
        )
        self.file = self.path.open("wb")
        return True

    def append(self, piece: bytes) -> None:
        assert self.file is not None
        self.file.write(piece)
        self.size_bytes += len(piece)

    def finish(self) -> Downloaded:
        """Moves the whole part to its target. Raises FetchFailedError where bytes are missing."""
        if self.file:
            self.file.flush()
            os.fsync(self.file.fileno())
        self.close()
        if self.total not in (None, self.size_bytes):
            self.discard()
            raise FetchFailedError(
                f"{self.url} gave {self.size_bytes} bytes of {self.total}; try again later."
            )
        with self.path.open("rb") as whole:
            digest = hashlib.file_digest(whole, "sha256").hexdigest()
        done = Downloaded(self.target, self.url, self.content_type, self.size_bytes, digest)
        self.note.write_text(
            json.dumps(asdict(replace(done, path=Path(self.target.name))), default=str)
        )
        self.note.replace(note_of(self.target))
        self.path.replace(self.target)
        return done

    def discard(self) -> None:
        """Forgets what there is of it."""
        self.close()
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)
        self.size_bytes = 0

    def close(self) -> None:
        if self.file:
            self.file.close()
            self.file = None


def _validator(response: HTTPResponse) -> str | None:
    """What If-Range takes: a strong ETag, else the time of change. A compressed answer is no base
    for a range.
    """
    if (response.getheader("Content-Encoding") or "identity").lower() != "identity":
        return None
    etag = response.getheader("ETag") or ""
    return etag if etag.startswith('"') else last_modified(response)
