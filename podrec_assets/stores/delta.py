"""The lake: Delta tables by way of deltalake. The only module that imports it.

Each commit carries on, as JSON in `userMetadata`, which days were ever written (an empty day leaves no file behind) and,
for tables that land a topic, the ledger of landed offsets. Rows and offsets thus move in one atomic step, and the table
itself answers "was this day written?" and "what is landed?". Spark's commits use the same field.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, QueryBuilder, Schema, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from filelock import FileLock, Timeout

from podrec_assets.errors import MissingPartitionError, PermanentError, RetryableError
from podrec_assets.schemas import DEAD_LETTERS, TABLES, Table

# Spark and deltalake both keep protocol (1, 2) with these; a newer feature would shut one of them out.
TABLE_PROPERTIES = {
    "delta.enableDeletionVectors": "false",
    "delta.columnMapping.mode": "none",
    "delta.checkpointPolicy": "classic",
    "delta.minReaderVersion": "1",
    "delta.minWriterVersion": "2",
}
LOCK_WAIT_S = 600
VACUUM_HOURS = 168
"""How far back time travel and open readers are safe."""


@dataclass(frozen=True)
class TableState:
    """What a table's latest commit says of it: version (-1: no table), days ever written, ledger of its topic."""

    version: int = -1
    days: frozenset[date] = frozenset()
    ledger: dict | None = None

    @property
    def first_day(self) -> date | None:
        return min(self.days, default=None)

    @property
    def latest_day(self) -> date | None:
        return max(self.days, default=None)

    def metadata(self, days: Iterable[date], ledger: dict | None = None) -> str:
        """userMetadata of the next commit, which also writes `days`."""
        ranges = to_ranges(self.days | set(days))
        return json.dumps(
            {"podrec": {"days": [[a.isoformat(), b.isoformat()] for a, b in ranges], "ledger": ledger or self.ledger}}
        )


@dataclass(frozen=True)
class Lake:
    """All Delta tables under one root (a folder or an object store address)."""

    root: str
    lock_folder: Path
    storage_options: dict[str, str] = field(default_factory=dict)
    pinned: dict[str, int] = field(default_factory=dict)
    """Version that is read of a table where none is asked for; the latest of tables that are not named."""
    _held: dict[str, int] = field(default_factory=dict, compare=False)
    """By table that is being written on an object store, the version that the next commit follows."""

    @property
    def is_remote(self) -> bool:
        """Whether the tables are on an object store, where machines that share no lock may write."""
        return "://" in self.root

    def uri(self, name: str) -> str:
        return f"{self.root}/{name}"

    @contextmanager
    def writing(self, name: str) -> Iterator[None]:
        """Holds the table's one writer lock: Spark's and deltalake's commits do not exclude each other on a local disk.

        The lock is of this machine. On an object store each commit must besides follow the version that was there when the lock
        was taken, so what another machine committed meanwhile is never overwritten or counted twice.

        Raises:
            RetryableError: another process kept the lock too long.
        """
        self.lock_folder.mkdir(parents=True, exist_ok=True)
        # A singleton counts nested holds of one thread, so a step that holds the lock may call a write that takes it.
        lock = FileLock(self.lock_folder / f"{name}.lock", timeout=LOCK_WAIT_S, is_singleton=True)
        try:
            lock.acquire()
        except Timeout as err:
            raise RetryableError(f"Another run has been writing {name} for {LOCK_WAIT_S} s; wait for it or stop it.") from err
        try:
            if self.is_remote and lock.lock_counter == 1:
                version = self.version(name)
                self._held[name] = -1 if version is None else version
            yield
        finally:
            lock.release()

    def table(self, name: str, version: int | None = None) -> DeltaTable | None:
        """The table at a version (default: the pinned one, or the latest), or None where it does not exist yet.

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
            raise _gone(name, wanted) from err

    def version(self, name: str) -> int | None:
        """The present (or pinned) version of a table; None where it does not exist yet."""
        table = self.table(name)
        return table.version() if table is not None else None

    def columns(self, name: str) -> dict[str, str]:
        """Columns of the table on disk with their Delta types as text; empty where it does not exist."""
        table = self.table(name)
        return {f.name: str(f.type) for f in table.schema().fields} if table is not None else {}

    def declared_columns(self, spec: Table) -> dict[str, str]:
        """The columns that the definition gives the table, as `columns` reports them."""
        return {f.name: str(f.type) for f in Schema.from_arrow(spec.schema).fields}

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
                found = json.loads(commit.get("userMetadata") or "{}").get("podrec")
                if found:
                    spans = [(date.fromisoformat(a), date.fromisoformat(b)) for a, b in found["days"]]
                    days = frozenset(d for a, b in spans for d in _days(a, b))
                    return TableState(table.version(), days, found["ledger"])
        raise PermanentError(f"No commit of {self.uri(name)} was written by podrec: move that folder away and run again.")

    def replace_days(self, spec: Table, rows: pa.Table, days: Iterable[date], ledger: dict | None = None) -> int:
        """The version after all rows of `days` were replaced by `rows` in one commit; rows of other days are refused."""
        days = sorted(set(days))
        with self.writing(spec.name):
            state = self.state(spec.name)
            self._write(spec, conform(spec, rows, days), _predicate(days), state.metadata(days, ledger))
            return state.version + 1

    def append(self, spec: Table, rows: pa.Table, days: Iterable[date], ledger: dict) -> int:
        """The version after rows were appended with the ledger that covers them. The caller holds `writing`."""
        state = self.state(spec.name)
        data = conform(spec, rows, None)
        self._write(spec, data, None, state.metadata(days, ledger))
        return state.version + 1

    def note(self, spec: Table, days: Iterable[date], ledger: dict | None) -> None:
        """Records days (all empty, or written already) and the ledger without touching rows. The caller holds `writing`."""
        state = self.state(spec.name)
        self._write(spec, spec.empty(), None, state.metadata(days, ledger))

    def replace_dead_letters(self, stage: str, days: Iterable[date], rows: Iterable[dict]) -> None:
        """Replaces a stage's dead letters of `days`; each row bears its `day`."""
        days = sorted(set(days))
        with self.writing(DEAD_LETTERS.name):
            metadata = self.state(DEAD_LETTERS.name).metadata(days)
            predicate = f"({_predicate(days)}) AND stage = {_text(stage)}"
            self._write(DEAD_LETTERS, conform(DEAD_LETTERS, DEAD_LETTERS.rows(rows), days), predicate, metadata)

    def add_dead_letters(self, rows: list[dict]) -> None:
        """Adds dead letters that are not there yet, by (stage, source_key): a repeated batch adds nothing."""
        if not rows:
            return
        data = DEAD_LETTERS.rows(rows)
        with self.writing(DEAD_LETTERS.name):
            metadata = self.state(DEAD_LETTERS.name).metadata(set(data["day"].to_pylist()))
            table = self._followed(DEAD_LETTERS.name)
            if table is None:
                self._write(DEAD_LETTERS, data, None, metadata)
                return
            match = "t.stage = s.stage AND t.source_key = s.source_key AND t.day = s.day"
            with self._committing(DEAD_LETTERS.name):
                merge = table.merge(data, match, source_alias="s", target_alias="t", commit_properties=_properties(metadata))
                merge.when_not_matched_insert_all().execute()

    def read(self, name: str, where: str = "", columns: Iterable[str] = (), version: int | None = None) -> pa.Table:
        """Rows in the table's schema, unordered; none where the table does not exist.

        Args:
            name: a table of `schemas.TABLES`.
            where: SQL condition made by podrec itself, never from a user's text.
            columns: the columns wanted; all by default.
            version: Delta version to read (time travel); the latest by default.
        """
        schema = TABLES[name].schema
        names = list(columns) or schema.names
        table = self.table(name, version)
        if table is None:
            return schema.empty_table().select(names)
        # A table written before its schema grew lacks columns until its next write.
        there = {f.name for f in table.schema().fields}
        listed = ", ".join(n if n in there else f"NULL AS {n}" for n in names)
        sql = f"SELECT {listed} FROM t" + (f" WHERE {where}" if where else "")
        try:
            found = pa.table(QueryBuilder().register("t", table).execute(sql).read_all())
        except Exception as err:  # the query engine has no error type for a file that vacuum removed
            if (version is None and name not in self.pinned) or "not found" not in str(err):
                raise
            raise _gone(name, table.version()) from err
        return found.cast(pa.schema([schema.field(n) for n in names]))

    def files(self, name: str, first: date = date.min, last: date = date.max) -> list[str]:
        """Parquet files of the present version that hold the days first..last; `day` is in their folder's name."""
        table = self.table(name)
        days = {d for d in self.state(name).days if first <= d <= last}
        if table is None or not days:
            return []
        return table.file_uris([("day", "in", sorted(d.isoformat() for d in days))])

    def read_equal(
        self, name: str, column: str, values: str | Iterable[str], columns: Iterable[str] = (), where: str = "true",
        version: int | None = None,
    ) -> pa.Table:  # fmt: skip
        """Rows whose text column is exactly one of `values`, whatever characters these have; the rest as in `read`."""
        listed = ", ".join(_text(v) for v in ([values] if isinstance(values, str) else values))
        return self.read(name, f"{column} IN ({listed}) AND ({where})" if listed else "false", columns, version)

    def delete_equal(self, spec: Table, column: str, value: str, ledger: dict | None = None) -> None:
        """Deletes the rows whose text column is exactly `value`, and records the ledger in the same commit."""
        with self.writing(spec.name):
            table, state = self._followed(spec.name), self.state(spec.name)
            if table is None:
                return
            before = table.version()
            try:
                table.delete(f"{column} = {_text(value)}", commit_properties=_properties(state.metadata([], ledger)))
            except CommitFailedError as err:
                raise RetryableError(f"Another writer changed {spec.name} at the same time; run again.") from err
            if self.is_remote:
                self._held[spec.name] = table.version()
            # A delete that finds nothing commits nothing, and the ledger must not be lost with it.
            if ledger is not None and table.version() == before:
                self.note(spec, [], ledger)

    def vacuum(self, name: str) -> int:
        """Number of files removed that no version younger than VACUUM_HOURS needs."""
        with self.writing(name):
            table = self.table(name)
            return len(table.vacuum(VACUUM_HOURS, dry_run=False)) if table is not None else 0

    def read_days(self, name: str, days: Iterable[date], version: int | None = None) -> pa.Table:
        """Rows of the given days at a version (default: the pinned one, or the latest).

        Days before the table's first written one lie before its history and are empty.

        Raises:
            MissingPartitionError: a later one of the days was never written.
        """
        days = sorted(set(days))
        state = self.state(name, version)
        begin = state.first_day or days[-1]
        missing = [d for d in days if d >= min(begin, days[-1]) and d not in state.days]
        if missing:
            raise MissingPartitionError(
                f"{name} has never been written for {missing[0]}"
                + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")
                + f": run `podrec run --select {name} --days {missing[0]}..{missing[-1]}` first."
            )
        return self.read(name, _predicate(days), version=version)

    def read_window(self, name: str, last: date, days: int) -> pa.Table:
        """Rows of the `days` days that end with `last`, whether each was written or not."""
        return self.read(name, f"day > '{last - timedelta(days=days)}' AND day <= '{last}'")

    def _write(self, spec: Table, rows: pa.Table, predicate: str | None, metadata: str) -> None:
        table = self._followed(spec.name)
        exists = table is not None
        mode: dict[str, Any] = {"mode": "overwrite", "predicate": predicate} if predicate and exists else {"mode": "append"}
        with self._committing(spec.name):
            write_deltalake(
                self.uri(spec.name) if table is None else table,
                rows,
                partition_by=["day"],
                schema_mode="merge",
                configuration=None if exists else TABLE_PROPERTIES,
                storage_options=self.storage_options,
                commit_properties=_properties(metadata),
                **mode,
            )

    def _followed(self, name: str) -> DeltaTable | None:
        """The table as it is before the next commit; None where that commit makes it."""
        if not self.is_remote:
            return self.table(name)
        return None if self._held[name] < 0 else self.table(name, self._held[name])

    @contextmanager
    def _committing(self, name: str) -> Iterator[None]:
        """One commit. Raises RetryableError where another machine's commit came first."""
        try:
            yield
        except CommitFailedError as err:
            raise RetryableError(f"Another writer changed {name} at the same time; run again.") from err
        if self.is_remote:
            self._held[name] += 1


def _gone(name: str, version: int) -> PermanentError:
    return PermanentError(
        f"Version {version} of {name} can no longer be read: old files are kept for {VACUUM_HOURS} hours, then vacuum may "
        "remove them."
    )


def conform(spec: Table, rows: pa.Table, days: list[date] | None) -> pa.Table:
    """`rows` in the table's exact schema. Raises PermanentError for other columns, or for a row outside `days`."""
    if set(rows.column_names) != set(spec.schema.names):
        raise PermanentError(f"Rows for {spec.name} have columns {rows.column_names}, not {spec.schema.names}.")
    data = rows.select(spec.schema.names).cast(spec.schema)
    if days is not None:
        outside = set(data["day"].unique().to_pylist()) - set(days)
        if outside:
            raise PermanentError(f"Rows for {spec.name} lie on {sorted(map(str, outside))}, outside the days that are written.")
    return data


def to_ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days as inclusive ranges, in order."""
    ranges: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if ranges and day - ranges[-1][1] == timedelta(days=1):
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges


def _predicate(days: Iterable[date]) -> str:
    return " OR ".join(f"(day >= '{a}' AND day <= '{b}')" for a, b in to_ranges(days)) or "false"


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _properties(metadata: str) -> CommitProperties:
    return CommitProperties(custom_metadata={"userMetadata": metadata}, max_commit_retries=0)
