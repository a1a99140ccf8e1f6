"""The `Lake`: reads and writes of every Delta table under one root.

Every write is one commit, which also carries the days and the ledger forward.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from podrec_assets.errors import (
    MissingPartitionError,
    PermanentError,
    RetryableError,
    is_disk_full,
)
from podrec_assets.ledger.ledger import Ledger
from podrec_assets.redaction import redacted_text
from podrec_assets.schemas import TABLES, Table
from podrec_assets.stores.delta import damage, locks, panics
from podrec_assets.stores.delta.arrow_reads import select
from podrec_assets.stores.delta.commits import TABLE_PROPERTIES, TableState, commit_properties
from podrec_assets.stores.delta.conditions import between, is_one_of, on_days, text_literal
from podrec_assets.stores.delta.table_schema import (
    check_compatible,
    columns_on_disk,
    conform,
    new_fields,
    without_comments,
)

if TYPE_CHECKING:
    import pyarrow.dataset as ds  # it imports pandas

RESERVE_BYTES = 1_000_000
"""For the commit that follows the rows."""


@dataclass(frozen=True)
class Lake:
    """Every table of `schemas.TABLES` under one root.

    Attributes:
        root: a folder or an object store address.
        lock_folder: local folder of the writer locks.
        storage_options: deltalake's options, on top of the environment variables that it reads.
        pinned: version to read by table; the latest version of tables not named.
    """

    root: str
    lock_folder: Path
    storage_options: dict[str, str] = field(default_factory=dict)
    pinned: dict[str, int] = field(default_factory=dict)
    _base_versions: dict[str, int] = field(default_factory=dict, compare=False)
    """On an object store, by table being written: the version that the next commit must follow."""

    @property
    def is_remote(self) -> bool:
        """Whether the tables are on an object store, where machines without a shared lock write."""
        return "://" in self.root

    def uri(self, name: str) -> str:
        return f"{self.root}/{name}"

    def table(self, name: str, version: int | None = None) -> DeltaTable | None:
        """Opens a table at a version (default: the pinned or the latest one); None if absent.

        Raises:
            PermanentError: the version was removed.
            DamagedTableError: a file of the log is missing or damaged.
        """
        uri, options = self.uri(name), self.storage_options
        try:
            if not DeltaTable.is_deltatable(uri, options):
                self._check_permission(uri)
                return None
        except OSError as err:
            raise _unreachable(name, uri, err) from err
        wanted = self.pinned.get(name) if version is None else version
        try:
            return DeltaTable(uri, version=wanted, storage_options=options)
        except DeltaError as err:
            if (file := damage.broken_log_file(uri, options)) is not None:
                raise damage.damaged_log(name, uri, file) from err
            if wanted is None:
                raise
            raise _version_removed(name, wanted) from err
        except OSError as err:
            raise _unreachable(name, uri, err) from err

    def _check_permission(self, uri: str) -> None:
        """Raises PermissionError for a folder that this user may not enter: Delta sees no table."""
        if not self.is_remote:
            with suppress(FileNotFoundError, NotADirectoryError):
                Path(uri).stat()

    def version(self, name: str) -> int | None:
        """The latest (or pinned) version of a table; None if the table does not exist."""
        table = self.table(name)
        return table.version() if table is not None else None

    def versions(self) -> dict[str, int]:
        """The latest version of each table that exists."""
        versions = {name: self.version(name) for name in TABLES}
        return {name: version for name, version in versions.items() if version is not None}

    def state(self, name: str, version: int | None = None) -> TableState:
        """The state recorded by the newest podrec commit; commits of other tools are skipped."""
        table = self.table(name, version)
        if table is None:
            return TableState()
        if state := TableState.recorded(table):
            return state
        raise PermanentError(
            f"{self.uri(name)} has no commit of podrec: move that folder away and run again."
        )

    def ledger(self, name: str) -> Ledger:
        """What a table has landed from its topic."""
        return Ledger.from_json(self.state(name).ledger)

    def columns(self, name: str) -> dict[str, str]:
        """Columns on disk with their Delta types as text; empty if the table does not exist."""
        table = self.table(name)
        return columns_on_disk(table) if table is not None else {}

    def read(
        self, name: str, where: str = "", columns: Iterable[str] = (), version: int | None = None
    ) -> pa.Table:
        """Reads rows in the declared schema, unordered; no rows if the table does not exist.

        Args:
            name: a table of `schemas.TABLES`.
            where: SQL condition written by podrec, never by a user.
            columns: columns to read; all by default.
            version: Delta version to read (time travel); the latest by default.

        Raises:
            PermanentError: the version was removed, or a column on disk has another type than
                declared.
            DamagedTableError: a file is missing or damaged.
        """
        spec = TABLES[name]
        names = list(columns) or spec.schema.names
        table = self.table(name, version)
        if table is None:
            return spec.empty().select(names)
        try:
            return select(spec, table, names, where)
        except Exception as err:  # the engine has no error type for a file removed by vacuum
            is_old = version is not None or name in self.pinned
            if is_old and "not found" in str(err):
                raise _version_removed(name, table.version()) from err
            if damaged := damage.from_driver(str(err)):
                raise damaged from err
            raise

    def read_equal(
        self, name: str, column: str, values: str | Iterable[str], columns: Iterable[str] = (),
        where: str = "true", version: int | None = None,
    ) -> pa.Table:  # fmt: skip
        """Reads rows whose text column is exactly one of `values`, which may hold any character.

        The other arguments are those of `read`.
        """
        condition = is_one_of(column, [values] if isinstance(values, str) else values)
        return self.read(name, f"{condition} AND ({where})", columns, version)

    def read_days(self, name: str, days: Iterable[date], version: int | None = None) -> pa.Table:
        """Reads the rows of the given days at a version (default: the pinned or the latest one).

        Days before the table's first written day count as empty.

        Raises:
            MissingPartitionError: one of the later days was never written.
        """
        days = sorted(set(days))
        if missing := self.state(name, version).missing(days):
            raise MissingPartitionError(
                f"{name} has never been written for {missing[0]}"
                + (f" and {len(missing) - 1} more days" if len(missing) > 1 else "")
                + f": run `podrec run --select {name} --days {missing[0]}..{missing[-1]}` first."
            )
        return self.read(name, on_days(days), version=version)

    def read_window(self, name: str, last: date, days: int) -> pa.Table:
        """Reads the rows of the `days` days up to `last`, including days never written."""
        return self.read(name, between(last - timedelta(days=days - 1), last))

    def files(
        self, name: str, first: date = date.min, last: date = date.max
    ) -> "list[str] | ds.Dataset":
        """Files of the latest version for the days first..last, for engines that read columns.

        Returns:
            Paths of Parquet files in hive folders of `day`; [] if there are none. On an object
            store a dataset, because only deltalake has the credentials.
        """
        table = self.table(name)
        days = {d for d in self.state(name).days if first <= d <= last}
        if table is None or not days:
            return []
        wanted = [("day", "in", sorted(days))]
        if self.is_remote:
            return table.to_pyarrow_dataset(file_pruning_predicate=wanted)
        return table.file_uris(file_pruning_predicate=wanted)

    def replace_days(
        self, spec: Table, rows: pa.Table, days: Iterable[date], ledger: dict | None = None,
        where: str = "",
    ) -> int:  # fmt: skip
        """Replaces the rows of `days` (that meet `where`) in one commit; returns the new version.

        Raises:
            PermanentError: a row is outside `days`, or the columns do not match.
            RetryableError: another machine committed first.
        """
        days = sorted(set(days))
        with self.writing(spec.name):
            data = conform(spec, rows, days)
            metadata = self.state(spec.name).metadata(days, ledger)
            replaced = f"{on_days(days)} AND {where}" if where else on_days(days)
            return self._write(spec, data, replaced, metadata)

    def append(self, spec: Table, rows: pa.Table, days: Iterable[date], ledger: dict) -> int:
        """Appends rows with the ledger that covers them and returns the new version.

        The caller holds `writing`.
        """
        metadata = self.state(spec.name).metadata(days, ledger)
        return self._write(spec, conform(spec, rows), None, metadata)

    def note(self, spec: Table, days: Iterable[date], ledger: dict | None) -> None:
        """Records days (empty or already written) and the ledger without touching rows.

        The caller holds `writing`.
        """
        self._write(spec, spec.empty(), None, self.state(spec.name).metadata(days, ledger))

    def delete_equal(
        self, spec: Table, column: str, value: str, ledger: dict | None = None
    ) -> None:
        """Deletes rows whose text column is exactly `value` and records the ledger with it."""
        with self.writing(spec.name):
            table, state = self.base_table(spec.name), self.state(spec.name)
            if table is None:
                return
            before = table.version()
            properties = commit_properties(state.metadata(ledger=ledger))
            with self.committing(spec.name, table):
                table.delete(f"{column} = {text_literal(value)}", commit_properties=properties)
            # A delete that matches nothing commits nothing; the ledger must be kept anyway.
            if ledger is not None and table.version() == before:
                self.note(spec, [], ledger)

    def evolve_schema(self, spec: Table) -> DeltaTable | None:
        """Adds the columns that the definition gained; returns the table, None if it is absent.

        They get a commit of their own, and older rows read as null. The caller holds `writing`.
        Landing also calls this before Spark writes, so that both engines write the same schema.

        Raises:
            PermanentError: the definition dropped a column or changed its type.
        """
        table = self.base_table(spec.name)
        if table is None:
            return None
        check_compatible(spec, table, self.uri(spec.name))
        if fields := new_fields(spec, table):
            properties = commit_properties(self.state(spec.name).metadata())
            with self.committing(spec.name):
                table.alter.add_columns(fields, commit_properties=properties)
        return table

    def _write(self, spec: Table, rows: pa.Table, replaced: str | None, metadata: str) -> int:
        """Appends rows, or replaces those that match a condition; returns the new version."""
        self._check_space(spec.name, rows.nbytes)
        table = self.evolve_schema(spec)
        version = -1 if table is None else table.version()
        mode: dict[str, Any] = {"mode": "append"}
        if replaced is not None and table is not None:
            mode = {"mode": "overwrite", "predicate": replaced}
        with self.committing(spec.name):
            write_deltalake(
                self.uri(spec.name) if table is None else table,
                rows if table is None else without_comments(rows),
                partition_by=["day"],
                schema_mode="merge",
                configuration=TABLE_PROPERTIES if table is None else None,
                storage_options=self.storage_options,
                commit_properties=commit_properties(metadata),
                **mode,
            )
        return version + 1

    @contextmanager
    def writing(self, name: str) -> Iterator[None]:
        """Holds the only writer lock of a table on this machine.

        On a local disk, commits of Spark and deltalake do not exclude each other. On an object
        store each commit must also follow the version current when the lock was taken, so commits
        of other machines are never overwritten or counted twice.

        Raises:
            RetryableError: another process kept the lock too long.
        """
        with locks.hold(self.lock_folder, name) as is_outermost:
            if self.is_remote and is_outermost:
                version = self.version(name)
                self._base_versions[name] = -1 if version is None else version
            yield

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Holds the writer lock of every table.

        Raises:
            RetryableError: a table is being written; names it.
        """
        with locks.hold_all(self.lock_folder, TABLES):
            yield

    def base_table(self, name: str) -> DeltaTable | None:
        """The table that the next commit must follow; None if that commit creates it."""
        if not self.is_remote:
            return self.table(name)
        base = self._base_versions[name]
        return None if base < 0 else self.table(name, base)

    @contextmanager
    def committing(self, name: str, table: DeltaTable | None = None) -> Iterator[None]:
        """Wraps one commit, or any number of commits made through `table`.

        Raises:
            RetryableError: another machine committed first, or the disk is full.
        """
        try:
            with panics.hidden():
                yield
        except Exception as err:  # those of a merge have no type
            if is_disk_full(err):
                raise self._disk_full(name) from err
            if not isinstance(err, CommitFailedError):
                raise
            raise RetryableError(
                f"Another writer changed {name} at the same time; run again."
            ) from err
        if self.is_remote:
            base = self._base_versions[name] + 1 if table is None else table.version()
            self._base_versions[name] = base

    def _check_space(self, name: str, needed_bytes: int) -> None:
        """Raises RetryableError if rows will not fit: deltalake panics on a full disk."""
        folder = Path(self.root)
        if folder.is_dir() and shutil.disk_usage(folder).free < needed_bytes + RESERVE_BYTES:
            raise self._disk_full(name)

    def _disk_full(self, name: str) -> RetryableError:
        return RetryableError(
            f"{name} was not written, because the disk of {self.root} is full: "
            "free some space, then run the same command again."
        )


def _unreachable(name: str, uri: str, err: OSError) -> RetryableError:
    lines = [line.strip() for line in str(err).splitlines() if line.strip()]
    reason = next((line for line in lines if "ermission denied" in line), (lines or ["?"])[0])
    return RetryableError(
        f"{name} at {uri} cannot be reached ({redacted_text(reason)[:200]}): "
        "check PODREC_LAKE, its permissions and its credentials."
    )


def _version_removed(name: str, version: int) -> PermanentError:
    return PermanentError(
        f"Version {version} of {name} can no longer be read: "
        "`podrec vacuum` or `podrec forget` removed old files of it."
    )
