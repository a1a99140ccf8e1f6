"""Maintenance of the tables' files: compaction, vacuum, and search for lost files.

Rows never change.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from deltalake import CommitProperties, DeltaTable
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import PyFileSystem

from podrec_assets.errors import PermanentError, RetryableError
from podrec_assets.stores.delta import damage
from podrec_assets.stores.delta.arrow_reads import to_arrow
from podrec_assets.stores.delta.commits import commit_properties
from podrec_assets.stores.delta.lake import Lake

RETENTION = "delta.deletedFileRetentionDuration"
COMPACTION_TRIES = 3
_DAY = re.compile(r"day=(\d{4}-\d\d-\d\d)/")
DELTA_HOURS = 168
"""How long Delta remembers a replaced file unless the table says otherwise."""


@dataclass(frozen=True)
class Compaction:
    """Number of Parquet files of a table's latest version before and after compaction."""

    before: int
    after: int


def optimize(lake: Lake, name: str) -> Compaction:
    """Merges the small files of each day in one commit; vacuum later removes the replaced files.

    Raises:
        RetryableError: other machines kept writing to the table.
    """
    for tries_left in reversed(range(COMPACTION_TRIES)):
        try:
            return _compact(lake, name)
        except RetryableError:
            if not tries_left:
                raise
    raise AssertionError


def _compact(lake: Lake, name: str) -> Compaction:
    with lake.writing(name):
        table = lake.base_table(name)
        if table is None:
            return Compaction(0, 0)
        before = len(table.file_uris())
        properties = commit_properties(lake.state(name).metadata())
        with lake.committing(name, table):
            table.optimize.compact(commit_properties=properties)
        return Compaction(before, len(table.file_uris()))


def vacuum(
    lake: Lake, name: str, hours: int, keep: Iterable[int] = (), dry_run: bool = False
) -> list[str]:
    """Removes the files that no version of the last `hours` needs.

    Args:
        lake: where the table is.
        name: a table of `schemas.TABLES`.
        hours: how far back time travel and open readers stay safe.
        keep: older versions whose files stay as well, as far as they can still be read.
        dry_run: only list the files.

    Returns:
        Paths of the removed files, relative to the table.

    Raises:
        RetryableError: another machine wrote to the table at the same time.
    """
    with lake.writing(name):
        table = lake.base_table(name)
        if table is None:
            return []
        kept = [v for v in sorted(set(keep)) if _is_logged(lake, name, v)]
        properties = commit_properties(lake.state(name).metadata())
        with lake.committing(name, table):
            if not dry_run and hours > DELTA_HOURS:
                _set_retention(table, hours, properties)
            return table.vacuum(
                hours,
                dry_run,
                enforce_retention_duration=False,
                full=True,
                keep_versions=kept,
                commit_properties=properties,
            )


def unreadable(lake: Lake, name: str, versions: Iterable[int]) -> dict[int, list[str]]:
    """Finds the versions that cannot be read completely.

    Returns:
        By version, the missing paths relative to the table. A file of another size than its commit
        recorded counts as missing; `_delta_log` if the log no longer has the version.
    """
    filesystem = PyFileSystem(DeltaStorageHandler(lake.uri(name), lake.storage_options))
    sizes: dict[str, int | None] = {}
    missing: dict[int, list[str]] = {}
    for version in sorted(set(versions)):
        table = lake.table(name, version) if _is_logged(lake, name, version) else None
        if table is None:
            missing[version] = ["_delta_log"]
            continue
        added = to_arrow(table.get_add_actions(flatten=True))
        files = added.select(["path", "size_bytes"]).to_pylist()
        # Versions share most of their files.
        unseen = [f["path"] for f in files if f["path"] not in sizes]
        sizes |= {info.path: info.size for info in filesystem.get_file_info(unseen)}
        if paths := sorted(f["path"] for f in files if sizes[f["path"]] != f["size_bytes"]):
            missing[version] = paths
    return missing


def check_files(lake: Lake, name: str) -> None:
    """Checks that every file of a table's current version is there, with its recorded size.

    Reads the log and lists the files, but no rows.

    Raises:
        DamagedTableError: names the first missing or damaged file and the remedy.
    """
    file = damage.broken_log_file(lake.uri(name), lake.storage_options)
    if file is not None:
        raise damage.damaged_log(name, lake.uri(name), file)
    version = lake.version(name)
    if version is None:
        return
    if missing := unreadable(lake, name, [version]).get(version):
        days = {date.fromisoformat(m[1]) for p in missing if (m := _DAY.match(p))}
        more = f" and {len(missing) - 1} more files" if len(missing) > 1 else ""
        harmed = sorted(days & lake.state(name).days)
        raise damage.damaged_data(name, f"{missing[0]}{more}", harmed)


def _is_logged(lake: Lake, name: str, version: int) -> bool:
    """Whether the log still has a version."""
    try:
        return lake.table(name, version) is not None
    except PermanentError:
        return False


def _set_retention(table: DeltaTable, hours: int, properties: CommitProperties) -> None:
    """Makes checkpoints list replaced files for `hours`.

    Vacuum judges a file that no checkpoint lists by its age alone.
    """
    wanted = f"interval {hours} hours"
    if table.metadata().configuration.get(RETENTION) != wanted:
        table.alter.set_table_properties({RETENTION: wanted}, commit_properties=properties)
