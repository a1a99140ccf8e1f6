"""Files of the tables: small ones put together, old ones removed, missing ones found. Never a row
is changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import PyFileSystem

from podrec_assets.errors import PermanentError, RetryableError
from podrec_assets.stores.delta.commits import properties
from podrec_assets.stores.delta.writing import Writing

RETENTION = "delta.deletedFileRetentionDuration"
COMPACTION_TRIES = 3
DELTA_HOURS = 168
"""How long Delta remembers a replaced file where the table does not say otherwise."""


@dataclass(frozen=True)
class Compaction:
    """Parquet files of a table's present version before and after its small ones were put together."""

    before: int
    after: int


class Upkeep(Writing):
    """Care for the tables, beside their readers and writers."""

    def optimize(self, name: str) -> Compaction:
        """Puts the small files of each day together in one commit; the replaced files stay for
        readers until vacuum.

        Raises:
            RetryableError: other machines kept writing to the table meanwhile.
        """
        for tries_left in reversed(range(COMPACTION_TRIES)):
            try:
                return self._compact(name)
            except RetryableError:
                if not tries_left:
                    raise
        raise AssertionError

    def _compact(self, name: str) -> Compaction:
        with self.writing(name):
            table = self._followed(name)
            if table is None:
                return Compaction(0, 0)
            before = len(table.file_uris())
            with self._refusing_conflicts(name):
                table.optimize.compact(commit_properties=properties(self.state(name).metadata()))
            self._follow(table, name)
            return Compaction(before, len(table.file_uris()))

    def vacuum(
        self, name: str, hours: int, keep: Iterable[int] = (), dry_run: bool = False
    ) -> list[str]:
        """Files, relative to the table, that were removed (or would be): no version of the last
        `hours` needs them.

        Args:
            name: a table of `schemas.TABLES`.
            hours: how far back time travel and open readers are safe.
            keep: older versions whose files stay as well, as far as they can still be read.
            dry_run: only name the files.

        Raises:
            RetryableError: another machine wrote to the table meanwhile.
        """
        with self.writing(name):
            table = self._followed(name)
            if table is None:
                return []
            kept = [v for v in sorted(set(keep)) if self._is_logged(name, v)]
            commit = properties(self.state(name).metadata())
            with self._refusing_conflicts(name):
                if not dry_run and hours > DELTA_HOURS:
                    self._remember(table, hours, commit)
                removed = table.vacuum(
                    hours,
                    dry_run,
                    enforce_retention_duration=False,
                    full=True,
                    keep_versions=kept,
                    commit_properties=commit,
                )
            self._follow(table, name)
            return removed

    def unreadable(self, name: str, versions: Iterable[int]) -> dict[int, list[str]]:
        """Of the versions those that cannot be read whole, each with the paths, relative to the
        table, that it lacks.

        A file that is shorter or longer than its commit says counts as lacking; of a version that
        the log no longer tells of the log itself does.
        """
        store = PyFileSystem(DeltaStorageHandler(self.uri(name), self.storage_options))
        sizes: dict[str, int | None] = {}
        found: dict[int, list[str]] = {}
        for version in sorted(set(versions)):
            table = self.table(name, version) if self._is_logged(name, version) else None
            if table is None:
                found[version] = ["_delta_log"]
                continue
            named = (
                pa.table(table.get_add_actions(flatten=True))
                .select(["path", "size_bytes"])
                .to_pylist()
            )
            # Versions share most of their files.
            sizes |= {
                i.path: i.size
                for i in store.get_file_info([f["path"] for f in named if f["path"] not in sizes])
            }
            if lacking := sorted(f["path"] for f in named if sizes[f["path"]] != f["size_bytes"]):
                found[version] = lacking
        return found

    def _is_logged(self, name: str, version: int) -> bool:
        """Whether the log still tells of a version."""
        try:
            return self.table(name, version) is not None
        except PermanentError:
            return False

    def _remember(self, table: DeltaTable, hours: int, commit: CommitProperties) -> None:
        """Has checkpoints list replaced files for as long as they stay: an unlisted file's age
        alone decides on it.
        """
        wanted = f"interval {hours} hours"
        if table.metadata().configuration.get(RETENTION) != wanted:
            table.alter.set_table_properties({RETENTION: wanted}, commit_properties=commit)
