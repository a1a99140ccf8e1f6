"""The tables themselves: where they are, who may write, what their log says. Rows are read and
written next door.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deltalake import DeltaTable, Schema
from deltalake.exceptions import DeltaError
from deltalake.schema import PrimitiveType
from filelock import FileLock, Timeout

from podrec_assets.errors import PermanentError, RetryableError
from podrec_assets.schemas import TABLES, Table
from podrec_assets.stores.delta.commits import TableState

LOCK_WAIT_S = 600


@dataclass(frozen=True)
class Tables:
    """Every table of `schemas.TABLES` under one root."""

    root: str
    lock_folder: Path
    storage_options: dict[str, str] = field(default_factory=dict)
    pinned: dict[str, int] = field(default_factory=dict)
    """Version that is read of a table where none is asked for; the latest of tables that are not
    named.
    """
    _held: dict[str, int] = field(default_factory=dict, compare=False)
    """By table that is being written on an object store, the version that the next commit follows.
    """

    @property
    def is_remote(self) -> bool:
        """Whether the tables are on an object store, where machines that share no lock may write."""
        return "://" in self.root

    def uri(self, name: str) -> str:
        return f"{self.root}/{name}"

    @contextmanager
    def writing(self, name: str) -> Iterator[None]:
        """Holds the table's one writer lock: Spark's and deltalake's commits do not exclude each
        other on a local disk.

        The lock is of this machine. On an object store each commit must besides follow the version
        that was there when the lock was taken, so what another machine committed meanwhile is never
        overwritten or counted twice.

        Raises:
            RetryableError: another process kept the lock too long.
        """
        self.lock_folder.mkdir(parents=True, exist_ok=True)
        # A singleton counts nested holds of one thread, so a step that holds the lock may call a
        # write that takes it.
        lock = FileLock(self._lock_file(name), timeout=LOCK_WAIT_S, is_singleton=True)
        try:
            lock.acquire()
        except Timeout as err:
            raise RetryableError(
                f"Another run has been writing {name} for {LOCK_WAIT_S} s; wait for it or stop it."
            ) from err
        try:
            if self.is_remote and lock.lock_counter == 1:
                version = self.version(name)
                self._held[name] = -1 if version is None else version
            yield
        finally:
            lock.release()

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Holds the writer lock of every table.

        Raises:
            RetryableError: one is being written; names it.
        """
        self.lock_folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as held:
            for name in TABLES:
                try:
                    held.enter_context(FileLock(self._lock_file(name), timeout=0))
                except Timeout as err:
                    raise RetryableError(
                        f"A run is writing {name}: wait until it is done, or stop it."
                    ) from err
            yield

    def _lock_file(self, name: str) -> Path:
        return self.lock_folder / f"{name}.lock"

    def table(self, name: str, version: int | None = None) -> DeltaTable | None:
        """The table at a version (default: the pinned one, or the latest), or None where it does
        not exist yet.

        Raises:
            PermanentError: the version is no longer kept.
        """
        if not DeltaTable.is_deltatable(self.uri(name), self.storage_options):
            return None
        wanted = self.pinned.get(name) if version is None else version
        try:
            return DeltaTable(self.uri(name), version=wanted, storage_options=self.storage_options)
        except DeltaError as err:
            if wanted is None:
                raise
            raise gone(name, wanted) from err

    def version(self, name: str) -> int | None:
        """The present (or pinned) version of a table; None where it does not exist yet."""
        table = self.table(name)
        return table.version() if table is not None else None

    def columns(self, name: str) -> dict[str, str]:
        """Columns of the table on disk with their Delta types as text; empty where it does not
        exist.
        """
        table = self.table(name)
        return _columns(table.schema()) if table is not None else {}

    def declared_columns(self, spec: Table) -> dict[str, str]:
        """The columns that the definition gives the table, as `columns` reports them."""
        return _columns(Schema.from_arrow(spec.schema))

    def conflicts(self, spec: Table, table: DeltaTable) -> list[str]:
        """Columns of the table on disk that the definition no longer has, or has in another type; a
        sentence part for each.
        """
        there, declared = _columns(table.schema()), self.declared_columns(spec)
        dropped = [
            f"{name} ({kind}) is not declared any more"
            for name, kind in there.items()
            if name not in declared
        ]
        retyped = {n: kind for n, kind in there.items() if n in declared and kind != declared[n]}
        return dropped + [
            f"{name} is {kind} on disk and declared as {declared[name]}"
            for name, kind in retyped.items()
        ]

    def versions(self) -> dict[str, int]:
        """The present version of each table that exists."""
        found = {name: self.version(name) for name in TABLES}
        return {name: version for name, version in found.items() if version is not None}

    def state(self, name: str, version: int | None = None) -> TableState:
        """The state that the newest podrec commit recorded; commits by other tools are looked past."""
        table = self.table(name, version)
        if table is None:
            return TableState()
        for limit in (1, None):
            for commit in table.history(limit):
                if found := TableState.from_commit(table.version(), commit):
                    return found
        raise PermanentError(
            f"No commit of {self.uri(name)} was written by podrec: move that folder away and run again."
        )


def gone(name: str, version: int) -> PermanentError:
    """The error of reading a version whose files or log are removed."""
    return PermanentError(
        f"Version {version} of {name} can no longer be read: `podrec vacuum` or `podrec forget` removed old files of it."
    )


def _columns(schema: Schema) -> dict[str, str]:
    return {
        f.name: f.type.type if isinstance(f.type, PrimitiveType) else str(f.type)
        for f in schema.fields
    }
