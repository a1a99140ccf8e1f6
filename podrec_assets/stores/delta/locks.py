"""Writer locks of the tables: one file a table, for the processes of this machine."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from podrec_assets.errors import RetryableError

LOCK_WAIT_S = 600


@contextmanager
def hold(folder: Path, name: str) -> Iterator[bool]:
    """Holds the writer lock of a table; yields False if this thread already held it.

    Raises:
        RetryableError: another process kept the lock too long.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # A singleton counts nested holds, so code that holds the lock may call a write that takes it.
    lock = FileLock(_file(folder, name), timeout=LOCK_WAIT_S, is_singleton=True)
    try:
        lock.acquire()
    except Timeout as err:
        raise RetryableError(
            f"Another run has been writing {name} for {LOCK_WAIT_S} s; wait for it or stop it."
        ) from err
    try:
        yield lock.lock_counter == 1
    finally:
        lock.release()


@contextmanager
def hold_all(folder: Path, names: Iterable[str]) -> Iterator[None]:
    """Holds the writer locks of all the tables, without waiting for any.

    Raises:
        RetryableError: a table is being written; names it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as locks:
        for name in names:
            try:
                locks.enter_context(FileLock(_file(folder, name), timeout=0))
            except Timeout as err:
                raise RetryableError(
                    f"A run is writing {name}: wait until it is done, or stop it."
                ) from err
        yield


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.lock"
