"""Ratings or play counts from files that others publish, as arrays. Pure but for reading the file."""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from scipy.sparse import csr_matrix

from podrec_assets.errors import UnusableInputError


@dataclass(frozen=True)
class Ratings:
    """Interactions as parallel arrays of length n, users and items numbered from 0.

    Attributes:
        user, item: int32 numbers.
        value: float64, positive: a rating or a count.
        timestamp: float64 seconds, None where the file has none.
        user_count, item_count: sizes of the numbering.
    """

    user: np.ndarray
    item: np.ndarray
    value: np.ndarray
    timestamp: np.ndarray | None
    user_count: int
    item_count: int

    def matrix(self, chosen: np.ndarray) -> csr_matrix:
        """users x items matrix of log1p of the chosen interactions' values; repeated ones are summed before."""
        shape = (self.user_count, self.item_count)
        summed = csr_matrix((self.value[chosen], (self.user[chosen], self.item[chosen])), shape=shape, dtype=np.float64)
        summed.sum_duplicates()
        summed.data = np.log1p(summed.data)
        return summed


def read_ratings(file: Path, kind: str) -> Ratings:
    """The ratings in a file, gzipped or not.

    Args:
        file: what to read.
        kind: ml-100k (tab-separated user, item, rating, timestamp, with or without a header), lastfm (user, artist, count, after
            column names or counts) or csv (header user,item,value,timestamp; the timestamp may be absent or empty).

    Raises:
        UnusableInputError: there is no such file, or a line is not of the format; names the line.
    """
    if not file.is_file():
        raise UnusableInputError("no_file", f"{file} is not a file.")
    read = {"ml-100k": _movielens, "lastfm": _lastfm, "csv": _csv}[kind]
    rows = []
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stored:
        lines = io.TextIOWrapper(cast(BinaryIO, stored), encoding="utf-8")
        try:
            for user, item, value, timestamp in read(lines):
                rows.append((user, item, float(value), float(timestamp) if timestamp else np.nan))
        except (ValueError, KeyError, TypeError, UnicodeDecodeError, gzip.BadGzipFile) as err:
            raise UnusableInputError("bad_ratings", f"{file} is not {kind}: line {len(rows) + 2}: {err}.") from err
    if not rows:
        raise UnusableInputError("bad_ratings", f"{file} holds no ratings.")
    return _numbered(rows)


def _movielens(lines: Iterable[str]) -> Iterator[tuple]:
    for number, line in enumerate(lines):
        user, item, value, timestamp = line.rstrip("\n").split("\t")
        if number or not user.startswith("user"):
            yield user, item, value, timestamp


def _lastfm(lines: Iterable[str]) -> Iterator[tuple]:
    for line in dropwhile(_is_preamble, lines):
        user, item, value = line.split()
        yield user, item, value, None


def _is_preamble(line: str) -> bool:
    """Whether a line stands before the data: column names, or the counts that some copies begin with."""
    return len(line.split()) != 3 or not line.split()[2].replace(".", "", 1).isdigit()


def _csv(lines: Iterable[str]) -> Iterator[tuple]:
    for row in csv.DictReader(lines):
        yield row["user"], row["item"], row["value"], row.get("timestamp")


def _numbered(rows: list[tuple]) -> Ratings:
    users, items, values, timestamps = zip(*rows, strict=True)
    names, user = np.unique(np.array(users), return_inverse=True)
    titles, item = np.unique(np.array(items), return_inverse=True)
    value, stamps = np.array(values, dtype=np.float64), np.array(timestamps, dtype=np.float64)
    kept = np.isfinite(value) & (value > 0)
    timestamp = None if np.isnan(stamps).any() else stamps[kept]
    return Ratings(user[kept].astype(np.int32), item[kept].astype(np.int32), value[kept], timestamp, len(names), len(titles))
