"""Rows into the tables: days are replaced or rows added, each in one commit that carries days and
ledger on.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, Field, Schema, write_deltalake
from deltalake.exceptions import CommitFailedError

from podrec_assets.errors import PermanentError, RetryableError
from podrec_assets.schemas import DEAD_LETTERS, Table
from podrec_assets.stores.delta.commits import TABLE_PROPERTIES, on_days, properties, text
from podrec_assets.stores.delta.reading import Reading


class Writing(Reading):
    """What a writer does to the tables. Every write first gives an older table the columns that its
    definition gained.
    """

    def replace_days(
        self, spec: Table, rows: pa.Table, days: Iterable[date], ledger: dict | None = None
    ) -> int:
        """The version after all rows of `days` were replaced by `rows` in one commit; rows of other
        days are refused.
        """
        days = sorted(set(days))
        with self.writing(spec.name):
            state = self.state(spec.name)
            return self._write(
                spec, conform(spec, rows, days), on_days(days), state.metadata(days, ledger)
            )

    def append(self, spec: Table, rows: pa.Table, days: Iterable[date], ledger: dict) -> int:
        """The version after rows were appended with the ledger that covers them. The caller holds
        `writing`.
        """
        return self._write(
            spec, conform(spec, rows, None), None, self.state(spec.name).metadata(days, ledger)
        )

    def note(self, spec: Table, days: Iterable[date], ledger: dict | None) -> None:
        """Records days (all empty, or written already) and the ledger without touching rows. The
        caller holds `writing`.
        """
        self._write(spec, spec.empty(), None, self.state(spec.name).metadata(days, ledger))

    def replace_dead_letters(self, stage: str, days: Iterable[date], rows: Iterable[dict]) -> None:
        """Replaces a stage's dead letters of `days`; each row bears its `day`."""
        days = sorted(set(days))
        with self.writing(DEAD_LETTERS.name):
            metadata = self.state(DEAD_LETTERS.name).metadata(days)
            predicate = f"({on_days(days)}) AND stage = {text(stage)}"
            self._write(
                DEAD_LETTERS,
                conform(DEAD_LETTERS, DEAD_LETTERS.rows(rows), days),
                predicate,
                metadata,
            )

    def add_dead_letters(self, rows: list[dict]) -> None:
        """Adds dead letters that are not there yet, by (stage, source_key): a repeated batch adds
        nothing.
        """
        if not rows:
            return
        data = DEAD_LETTERS.rows(rows)
        with self.writing(DEAD_LETTERS.name):
            metadata = self.state(DEAD_LETTERS.name).metadata(set(data["day"].to_pylist()))
            table = self.evolved(DEAD_LETTERS)
            if table is None:
                self._write(DEAD_LETTERS, data, None, metadata)
                return
            match = "t.stage = s.stage AND t.source_key = s.source_key AND t.day = s.day"
            with self._committing(DEAD_LETTERS.name):
                merge = table.merge(
                    data,
                    match,
                    source_alias="s",
                    target_alias="t",
                    commit_properties=properties(metadata),
                )
                merge.when_not_matched_insert_all().execute()

    def delete_equal(
        self, spec: Table, column: str, value: str, ledger: dict | None = None
    ) -> None:
        """Deletes the rows whose text column is exactly `value`, and records the ledger in the same
        commit.
        """
        with self.writing(spec.name):
            table, state = self._followed(spec.name), self.state(spec.name)
            if table is None:
                return
            before = table.version()
            with self._refusing_conflicts(spec.name):
                table.delete(
                    f"{column} = {text(value)}",
                    commit_properties=properties(state.metadata(ledger=ledger)),
                )
            self._follow(table, spec.name)
            # A delete that finds nothing commits nothing, and the ledger must not be lost with it.
            if ledger is not None and table.version() == before:
                self.note(spec, [], ledger)

    def evolved(self, spec: Table) -> DeltaTable | None:
        """The table as it is before the next commit, with every declared column; None where that
        commit makes it.

        A column that the definition gained is added in a commit of its own; rows written before it
        read as null. The caller holds `writing`. Landing comes here before Spark writes as well, so
        both engines write into one schema.

        Raises:
            PermanentError: the definition lost a column, or gave it another type: old rows cannot
                follow.
        """
        table = self._followed(spec.name)
        if table is None:
            return None
        if conflicts := self.conflicts(spec, table):
            raise PermanentError(
                f"{spec.name} cannot be written: {'; '.join(conflicts)}. Columns can only be added: declare it as it was (a new "
                f"meaning or type takes a new name), or move {self.uri(spec.name)} away and make its days again."
            )
        there = {f.name for f in table.schema().fields}
        declared = Schema.from_arrow(spec.schema).fields
        gained = [
            Field(f.name, f.type, nullable=True, metadata=f.metadata)
            for f in declared
            if f.name not in there
        ]
        if gained:
            metadata = self.state(spec.name).metadata()
            with self._committing(spec.name):
                table.alter.add_columns(gained, commit_properties=properties(metadata))
        return table

    def _write(self, spec: Table, rows: pa.Table, predicate: str | None, metadata: str) -> int:
        """The version that the write made."""
        table = self.evolved(spec)
        exists = table is not None
        version = -1 if table is None else table.version()
        mode: dict[str, Any] = (
            {"mode": "overwrite", "predicate": predicate}
            if predicate and exists
            else {"mode": "append"}
        )
        with self._committing(spec.name):
            write_deltalake(
                self.uri(spec.name) if table is None else table,
                rows,
                partition_by=["day"],
                schema_mode="merge",
                configuration=None if exists else TABLE_PROPERTIES,
                storage_options=self.storage_options,
                commit_properties=properties(metadata),
                **mode,
            )
        return version + 1

    def _followed(self, name: str) -> DeltaTable | None:
        """The table as it is before the next commit; None where that commit makes it."""
        if not self.is_remote:
            return self.table(name)
        return None if self._held[name] < 0 else self.table(name, self._held[name])

    def _follow(self, table: DeltaTable, name: str) -> None:
        """Notes that the next commit follows what was just committed to `table`, be it nothing or
        several versions.
        """
        if self.is_remote:
            self._held[name] = table.version()

    @contextmanager
    def _committing(self, name: str) -> Iterator[None]:
        """One commit. Raises RetryableError where another machine's commit came first."""
        with self._refusing_conflicts(name):
            yield
        if self.is_remote:
            self._held[name] += 1

    @contextmanager
    def _refusing_conflicts(self, name: str) -> Iterator[None]:
        try:
            yield
        except CommitFailedError as err:
            raise RetryableError(
                f"Another writer changed {name} at the same time; run again."
            ) from err


def conform(spec: Table, rows: pa.Table, days: list[date] | None) -> pa.Table:
    """`rows` in the table's exact schema. Raises PermanentError for other columns, or for a row
    outside `days`.
    """
    if set(rows.column_names) != set(spec.schema.names):
        raise PermanentError(
            f"Rows for {spec.name} have columns {rows.column_names}, not {spec.schema.names}."
        )
    data = rows.select(spec.schema.names).cast(spec.schema)
    if days is not None:
        outside = set(data["day"].unique().to_pylist()) - set(days)
        if outside:
            raise PermanentError(
                f"Rows for {spec.name} lie on {sorted(map(str, outside))}, outside the days that are written."
            )
    return data
