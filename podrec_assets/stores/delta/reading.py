"""Rows of the tables as Arrow, at the latest version or an older one."""

from collections.abc import Iterable
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import QueryBuilder

from podrec_assets.errors import MissingPartitionError, PermanentError
from podrec_assets.schemas import TABLES
from podrec_assets.stores.delta.commits import on_days, text
from podrec_assets.stores.delta.tables import Tables, gone


class Reading(Tables):
    """What a reader asks of the tables."""

    def read(
        self, name: str, where: str = "", columns: Iterable[str] = (), version: int | None = None
    ) -> pa.Table:
        """Rows in the table's schema, unordered; none where the table does not exist.

        Args:
            name: a table of `schemas.TABLES`.
            where: SQL condition made by podrec itself, never from a user's text.
            columns: the columns wanted; all by default.
            version: Delta version to read (time travel); the latest by default.

        Raises:
            PermanentError: the version is no longer kept, or a column on disk is of another type
                than declared.
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
        except (
            Exception
        ) as err:  # the query engine has no error type for a file that vacuum removed
            if (version is None and name not in self.pinned) or "not found" not in str(err):
                raise
            raise gone(name, table.version()) from err
        try:
            return found.cast(pa.schema([schema.field(n) for n in names]))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as err:
            raise PermanentError(
                f"{name} cannot be read: {'; '.join(self.conflicts(TABLES[name], table)) or err}."
            ) from err

    def read_equal(
        self, name: str, column: str, values: str | Iterable[str], columns: Iterable[str] = (), where: str = "true",
        version: int | None = None,
    ) -> pa.Table:  # fmt: skip
        """Rows whose text column is exactly one of `values`, whatever characters these have; the
        rest as in `read`.
        """
        listed = ", ".join(text(v) for v in ([values] if isinstance(values, str) else values))
        return self.read(
            name, f"{column} IN ({listed}) AND ({where})" if listed else "false", columns, version
        )

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
        return self.read(name, on_days(days), version=version)

    def read_window(self, name: str, last: date, days: int) -> pa.Table:
        """Rows of the `days` days that end with `last`, whether each was written or not."""
        return self.read(name, f"day > '{last - timedelta(days=days)}' AND day <= '{last}'")

    def files(
        self, name: str, first: date = date.min, last: date = date.max
    ) -> list[str] | ds.Dataset:
        """The present version's files that hold the days first..last, for an engine that reads only
        the columns it needs.

        Returns:
            Paths of Parquet files, with `day` in their folder's name; of an object store a dataset,
            for only deltalake has the credentials and the client. [] where there are none.
        """
        table = self.table(name)
        days = {d for d in self.state(name).days if first <= d <= last}
        if table is None or not days:
            return []
        wanted = [("day", "in", sorted(days))]
        if self.is_remote:
            return table.to_pyarrow_dataset(file_pruning_predicate=wanted)
        return table.file_uris(file_pruning_predicate=wanted)
