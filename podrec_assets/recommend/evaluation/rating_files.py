"""Reads published files of ratings or play counts into arrays."""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import dropwhile
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from scipy.sparse import csr_matrix

from podrec_assets.errors import UnusableInputError
from podrec_assets.recommend.als.factors import damped

GZIP_SIGNATURE = b"\x1f\x8b"
COLUMNS = {
    "user": {"user", "userid", "user_id"},
    "item": {"item", "itemid", "item_id"},
    "value": {"value", "rating", "count"},
    "timestamp": {"timestamp", "time"},
}
"""Accepted names of the columns of a csv file, in any case."""
ABSENT = {"value": 1, "timestamp": None}


@dataclass(frozen=True)
class Ratings:
    """Interactions as parallel arrays of length n, one entry for each pair of user and item.

    Users and items are numbered from 0 in order of their names.

    Attributes:
        user: int32 numbers.
        item: int32 numbers.
        value: float64, positive: a rating or count, summed over the lines of the pair.
        timestamp: float64 seconds, the earliest of the pair; None if any line has none.
        user_count: number of users.
        item_count: number of items.
        left_out: number of lines without a positive value, which is not a preference.
    """

    user: np.ndarray
    item: np.ndarray
    value: np.ndarray
    timestamp: np.ndarray | None
    user_count: int
    item_count: int
    left_out: int = 0

    def matrix(self, chosen: np.ndarray) -> csr_matrix:
        """Returns a users x items matrix of the damped values of the chosen interactions."""
        shape = (self.user_count, self.item_count)
        values = damped(self.value[chosen])
        return csr_matrix(
            (values, (self.user[chosen], self.item[chosen])), shape=shape, dtype=np.float64
        )


def read_ratings(file: Path, kind: str) -> Ratings:
    """Returns the ratings in a file: UTF-8, gzipped or not, with or without a byte order mark.

    Args:
        file: its path.
        kind: the format. `ml-100k`: tab-separated user, item, rating and timestamp, with or without
            a header. `lastfm`: user, artist and count, after column names or counts. `csv`: a
            header with user, item, value and timestamp in any order, further columns are ignored,
            separated by commas, semicolons or tabs; without their column, the value is 1 and there
            is no timestamp. Timestamps are seconds since 1970 or ISO 8601.

    Raises:
        UnusableInputError: there is no such file, a line has another format (the error names it),
            or no value is positive.
    """
    if not file.is_file():
        raise UnusableInputError("no_file", f"{file} is not a file.")
    read = {"ml-100k": _movielens, "lastfm": _lastfm, "csv": _csv}[kind]
    users: dict[str, int] = {}
    items: dict[str, int] = {}
    rows: list[tuple[int, int, float, float]] = []
    number, left_out = 1, 0
    with _opened(file) as stored:
        lines = io.TextIOWrapper(
            cast(BinaryIO, stored), encoding="utf-8-sig", newline="" if kind == "csv" else None
        )
        try:
            for number, fields in read(lines):  # noqa: B007 (the error below names it)
                user, item, value, timestamp = fields
                weight = float(value)
                if 0 < weight < np.inf:
                    places = users.setdefault(user, len(users)), items.setdefault(item, len(items))
                    rows.append((*places, weight, _seconds(timestamp)))
                else:
                    left_out += 1
        except (
            ValueError,
            KeyError,
            TypeError,
            UnicodeDecodeError,
            OSError,
            EOFError,
            csv.Error,
        ) as err:
            raise UnusableInputError(
                "bad_ratings", f"{file} is not {kind}: line {number}: {err}."
            ) from err
    if not rows:
        raise UnusableInputError("bad_ratings", f"{file} has no ratings above 0.")
    return _numbered(rows, _by_name(users), _by_name(items), left_out)


def _opened(file: Path) -> BinaryIO:
    with file.open("rb") as stored:
        zipped = stored.read(2) == GZIP_SIGNATURE
    return cast(BinaryIO, gzip.open(file)) if zipped else file.open("rb")


def _movielens(lines: Iterable[str]) -> Iterator[tuple[int, list]]:
    for number, line in enumerate(lines, start=1):
        if line.strip() and not (number == 1 and line.startswith("user")):
            yield number, line.rstrip("\n").split("\t")


def _lastfm(lines: Iterable[str]) -> Iterator[tuple[int, list]]:
    for number, line in dropwhile(
        lambda numbered: _is_preamble(numbered[1]), enumerate(lines, start=1)
    ):
        if line.strip():
            yield number, [*line.split(), None]


def _is_preamble(line: str) -> bool:
    """Whether a line precedes the data: column names, or the counts at the top of some copies."""
    return len(line.split()) != 3 or not line.split()[2].replace(".", "", 1).isdigit()


def _csv(lines: Iterable[str]) -> Iterator[tuple[int, list]]:
    lines = iter(lines)
    header = next(lines, "")
    separator = max(",;\t", key=header.count)
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=separator), [])]
    place = {
        column: names.index(name)
        for column, known in COLUMNS.items()
        for name in names
        if name in known
    }
    if missing := {"user", "item"} - place.keys():
        raise ValueError(f"the header has no column {' and '.join(sorted(missing))}")
    reader = csv.reader(lines, delimiter=separator)
    for row in reader:
        if row:
            fields = [
                row[place[c]] if c in place else ABSENT[c]
                for c in COLUMNS
                if place.get(c, 0) < len(row)
            ]
            yield reader.line_num + 1, fields


def _seconds(timestamp: str | None) -> float:
    if not timestamp or not timestamp.strip():
        return np.nan
    try:
        return float(timestamp)
    except ValueError:
        moment = datetime.fromisoformat(timestamp.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _by_name(numbers: dict[str, int]) -> np.ndarray:
    """(names,) number in order of names, by number in order of first appearance."""
    by_name = np.empty(len(numbers), dtype=np.int32)
    for place, name in enumerate(sorted(numbers)):
        by_name[numbers[name]] = place
    return by_name


def _numbered(
    rows: list[tuple[int, int, float, float]], users: np.ndarray, items: np.ndarray, left_out: int
) -> Ratings:
    lines = np.array(rows)
    user, item = users[lines[:, 0].astype(np.int32)], items[lines[:, 1].astype(np.int32)]
    _, first, place = np.unique(
        user.astype(np.int64) * len(items) + item, return_index=True, return_inverse=True
    )
    # Keep the order of the file, so that repeated pairs elsewhere do not change a random split.
    order = np.argsort(first, kind="stable")
    value = np.bincount(place, weights=lines[:, 2])
    kept = first[order]
    return Ratings(
        user[kept],
        item[kept],
        value[order],
        _earliest(lines[:, 3], place, order),
        len(users),
        len(items),
        left_out,
    )


def _earliest(stamps: np.ndarray, place: np.ndarray, order: np.ndarray) -> np.ndarray | None:
    if np.isnan(stamps).any():
        return None
    earliest = np.full(len(order), np.inf)
    np.minimum.at(earliest, place, stamps)
    return earliest[order]
