"""The way out for what nobody foresaw: a record that a batch fails on becomes a dead letter.

A batch that fails without a known reason is rehearsed in halves, in a lake that is thrown away,
until the record that fails is alone. It becomes a dead letter, and the others land.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from podrec_assets.errors import PodrecError, is_disk_full
from podrec_assets.stores.delta import Lake


class Records(Protocol):
    """A list of records, or an Arrow table of them."""

    def __len__(self) -> int: ...
    def __getitem__(self: "R", part: slice, /) -> "R": ...


R = TypeVar("R", bound=Records)


def has_known_reason(err: Exception) -> bool:
    """Whether an error says itself what is wrong, and it is not a record.

    That is podrec's own errors (broker, lock, lost offsets), the system's (disk, network), memory.
    Drivers report a full disk in errors of their own.
    """
    return isinstance(err, PodrecError | OSError | MemoryError) or is_disk_full(err)


def find_unreadable(
    records: R, known_good: R, land: Callable[[R, Lake], object]
) -> dict[int, Exception]:
    """Returns the errors of the records that cannot land even alone, by position.

    Args:
        records: the batch that failed.
        known_good: a record without fault; if it fails too, the fault is not in the records.
        land: lands a part of the records into a lake.

    Raises:
        Exception: a known reason, or what `known_good` fails with.
    """
    if not len(records):
        return {}
    with _throw_away_lake() as lake:
        land(known_good, lake)
    unreadable: dict[int, Exception] = {}

    def search(start: int, end: int) -> None:
        try:
            with _throw_away_lake() as lake:
                land(records[start:end], lake)
        except Exception as err:
            if has_known_reason(err):
                raise
            if end - start == 1:
                unreadable[start] = err
                return
            middle = (start + end) // 2
            search(start, middle)
            search(middle, end)

    search(0, len(records))
    return unreadable


@contextmanager
def _throw_away_lake() -> Iterator[Lake]:
    with tempfile.TemporaryDirectory(prefix="podrec-") as folder:
        yield Lake(folder, Path(folder) / "locks")
