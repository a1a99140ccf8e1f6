"""Resumable downloads: a partial file next to its target, with what is needed to continue it."""

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
class DownloadedFile:
    """A complete file on disk.

    Attributes:
        path: the file.
        url: the requested address.
        content_type: the header as sent, "" without one.
        size_bytes: size of the file.
        sha256: hash of the file.
    """

    path: Path
    url: str
    content_type: str
    size_bytes: int
    sha256: str


def metadata_path(path: Path) -> Path:
    """The JSON file with the metadata of a download."""
    return path.with_name(path.name + ".json")


def partial_path(path: Path) -> Path:
    """The unfinished download of a file."""
    return path.with_name(path.name + ".part")


def finished(path: Path) -> DownloadedFile | None:
    """The download that is at a path; None if there is none or its metadata does not match."""
    try:
        metadata = json.loads(metadata_path(path).read_text())
        file = DownloadedFile(**{**metadata, "path": path})
        return file if path.stat().st_size == file.size_bytes else None
    except (OSError, ValueError, TypeError):
        return None


class PartialFile:
    """`target.part`, and `target.part.json` with the server's validators, written before it."""

    def __init__(self, target: Path, url: str) -> None:
        self.target, self.url = target, url
        self.path = partial_path(target)
        self.metadata = metadata_path(self.path)
        self.size_bytes = 0
        self.content_type = ""
        self.validator: str | None = None
        self.total: int | None = None
        self.file: BinaryIO | None = None
        target.parent.mkdir(parents=True, exist_ok=True)

    def range_headers(self) -> dict[str, str]:
        """Headers that request the rest if the file is unchanged; {} if nothing can be resumed."""
        self.size_bytes, self.total = 0, None
        try:
            metadata = json.loads(self.metadata.read_text())
            size, self.validator = self.path.stat().st_size, metadata["validator"]
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        if metadata.get("url") != self.url or not self.validator or not size:
            return {}
        self.size_bytes, self.content_type = size, metadata.get("content_type") or ""
        return {"Range": f"bytes={size}-", "If-Range": self.validator}

    def begin(self, response: HTTPResponse) -> bool:
        """Opens the file where the response continues.

        Returns:
            False if the response does not fit the part, so that all must be requested again.
        """
        content_range = response.getheader("Content-Range") or ""
        if response.status == 416:  # nothing is left to send, or the part is useless
            is_whole = re.fullmatch(rf"bytes \*/{self.size_bytes}", content_range) is not None
            return is_whole and self.size_bytes > 0
        if response.status == 206:
            return self._resume(response, content_range)
        self.size_bytes, self.content_type = 0, response.getheader("Content-Type") or ""
        self.path.unlink(missing_ok=True)
        metadata = {
            "url": self.url,
            "validator": _validator(response),
            "content_type": self.content_type,
        }
        self.metadata.write_text(json.dumps(metadata))
        self.file = self.path.open("wb")
        return True

    def _resume(self, response: HTTPResponse, content_range: str) -> bool:
        match = re.fullmatch(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", content_range)
        # Some servers respect Range but not If-Range.
        is_same_file = _validator(response) in (None, self.validator)
        if not match or int(match[1]) != self.size_bytes or not is_same_file:
            return False
        self.total = None if match[2] == "*" else int(match[2])
        self.file = self.path.open("ab")
        return True

    def append(self, chunk: bytes) -> None:
        assert self.file is not None
        self.file.write(chunk)
        self.size_bytes += len(chunk)

    def finish(self) -> DownloadedFile:
        """Moves the complete part to its target.

        Raises:
            FetchFailedError: bytes are missing.
        """
        if self.file:
            self.file.flush()
            os.fsync(self.file.fileno())
        self.close()
        if self.total not in (None, self.size_bytes):
            self.discard()
            raise FetchFailedError(
                f"{self.url} sent {self.size_bytes} bytes of {self.total}; try again later."
            )
        with self.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        done = DownloadedFile(self.target, self.url, self.content_type, self.size_bytes, digest)
        metadata = asdict(replace(done, path=Path(self.target.name)))
        self.metadata.write_text(json.dumps(metadata, default=str))
        self.metadata.replace(metadata_path(self.target))
        self.path.replace(self.target)
        return done

    def discard(self) -> None:
        """Deletes the part."""
        self.close()
        self.path.unlink(missing_ok=True)
        self.metadata.unlink(missing_ok=True)
        self.size_bytes = 0

    def close(self) -> None:
        if self.file:
            self.file.close()
            self.file = None


def _validator(response: HTTPResponse) -> str | None:
    """Returns what If-Range accepts: a strong ETag, else Last-Modified.

    A compressed response cannot be resumed, so it has no validator.
    """
    if (response.getheader("Content-Encoding") or "identity").lower() != "identity":
        return None
    etag = response.getheader("ETag") or ""
    return etag if etag.startswith('"') else last_modified(response)
