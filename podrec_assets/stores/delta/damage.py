"""Names the broken file of a table: Delta's own errors name none, or only an address."""

import json
import re
from contextlib import suppress
from datetime import date

from deltalake.exceptions import TableNotFoundError
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileSelector, FileType, PyFileSystem

from podrec_assets.errors import DamagedTableError
from podrec_assets.schemas import TABLES
from podrec_assets.stores.delta.commits import to_ranges

LOG = "_delta_log"
_COMMIT = re.compile(r"\d{20}\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint.*\.parquet")
_DATA = re.compile(r"(?:/|^|\s)(\w+)/(day=(\d{4}-\d\d-\d\d)/[^\s'\":]+\.parquet)")


def damaged_log(name: str, uri: str, file: str) -> DamagedTableError:
    """Returns the error of a table whose log has a missing or damaged file."""
    return DamagedTableError(
        f"{name} cannot be read: {uri}/{LOG}/{file} is missing or damaged",
        f"`podrec restore` a backup, or move {uri} away and `podrec run` its days again",
    )


def damaged_data(name: str, file: str, days: list[date]) -> DamagedTableError:
    """Returns the error of a table that lacks a data file or a part of it."""
    restore = "`podrec restore` a backup"
    ranges = (f"`podrec run --select {name} --days {a}..{b}`" for a, b in to_ranges(days))
    again = f"{', '.join(ranges)}, or " if days else ""
    return DamagedTableError(
        f"{name} cannot be read: {file} is missing or damaged", again + restore
    )


def from_driver(text: str) -> DamagedTableError | None:
    """Returns the error for a data file that a driver's message names; None if it names none."""
    for table, file, day in _DATA.findall(text):
        # A folder with another name was made by hand.
        with suppress(ValueError):
            if table in TABLES:
                return damaged_data(table, file, [date.fromisoformat(day)])
    return None


def broken_log_file(uri: str, storage_options: dict[str, str]) -> str | None:
    """Finds the first commit of a table's log that is missing, empty or no JSON.

    Delta takes an empty commit for one without changes, and a folder without a log for no table.

    Returns:
        Its name in the log; "" for a missing log; None if there is no table or its log is whole.
    """
    try:
        files = PyFileSystem(DeltaStorageHandler(uri, storage_options))
    except TableNotFoundError:
        return None
    infos = files.get_file_info(FileSelector(LOG, allow_not_found=True))
    names = sorted(i.path.rpartition("/")[2] for i in infos if i.type == FileType.File)
    commits = [n for n in names if _COMMIT.fullmatch(n)]
    if not commits:
        data = files.get_file_info(FileSelector("", allow_not_found=True))
        return "" if any("day=" in i.path for i in data) else None
    for commit in commits:
        with files.open_input_stream(f"{LOG}/{commit}") as stream:
            if not _is_commit(stream.read()):
                return commit
    checkpoints = [int(m[1]) for n in names if (m := _CHECKPOINT.fullmatch(n))]
    first = max(checkpoints, default=-1) + 1
    present = {int(n[:20]) for n in commits}
    missing = (v for v in range(first, max(present, default=-1)) if v not in present)
    return next((f"{v:020}.json" for v in missing), None)


def _is_commit(content: bytes) -> bool:
    lines = content.splitlines()
    try:
        return bool(lines) and all(isinstance(json.loads(line), dict) for line in lines)
    except ValueError:
        return False
