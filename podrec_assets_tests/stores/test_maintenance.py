"""Compaction and vacuum keep readers, writers, time travel and the ledger intact."""

import os
import threading
import time
from datetime import date
from pathlib import Path

import pytest

from podrec_assets.errors import PermanentError
from podrec_assets.schemas import FUSION_WEIGHTS
from podrec_assets.stores.delta import Lake, maintenance
from podrec_assets.stores.delta.maintenance import RETENTION

D1, D2 = date(2026, 11, 1), date(2026, 11, 2)
NAME = FUSION_WEIGHTS.name
LEDGER = {"landed": {"0": 7}}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"), tmp_path / "locks")


def append(lake: Lake, day: date, bucket: str) -> int:
    with lake.writing(NAME):
        return lake.append(
            FUSION_WEIGHTS, FUSION_WEIGHTS.rows([{"day": day, "bucket": bucket}]), [day], LEDGER
        )


def rows_of(lake: Lake, version: int | None = None) -> list[tuple[date, str]]:
    return sorted((r["day"], r["bucket"]) for r in lake.read(NAME, version=version).to_pylist())


def aged(lake: Lake, hours: float, name: str = NAME) -> None:
    """Makes files and commits that many hours old; Delta judges age by both times."""
    then = time.time() - 3600 * hours
    for path in Path(lake.uri(name)).rglob("*.parquet"):
        os.utime(path, (then, then))
    for path in Path(lake.uri(name), "_delta_log").glob("*.json"):
        text = path.read_text()
        for key in ('"deletionTimestamp":', '"timestamp":', '"modificationTime":'):
            head, *rest = text.split(key)
            text = head + "".join(f"{key}{int(then * 1000)}{r.lstrip('0123456789')}" for r in rest)
        path.write_text(text)


def files(lake: Lake) -> int:
    return len(list(Path(lake.uri(NAME)).rglob("*.parquet")))


def test_each_day_becomes_one_file_and_rows_days_and_ledger_stay(lake: Lake) -> None:
    places = [(day, str(n)) for day in (D1, D2) for n in range(3)]
    for day, bucket in places:
        before = append(lake, day, bucket)
    lake.replace_days(FUSION_WEIGHTS, FUSION_WEIGHTS.empty(), [date(2026, 11, 3)])
    days = lake.state(NAME).days
    compaction = maintenance.optimize(lake, NAME)
    assert (compaction.before, compaction.after) == (6, 2)
    assert rows_of(lake) == places == rows_of(lake, before)
    assert (lake.state(NAME).days, lake.state(NAME).ledger) == (days, LEDGER)
    assert_newest_commit_carries_state(lake)
    version = lake.version(NAME)
    again = maintenance.optimize(lake, NAME)
    assert (again.before, again.after, lake.version(NAME)) == (2, 2, version)


def test_maintenance_of_a_missing_table_does_nothing(lake: Lake) -> None:
    assert (maintenance.optimize(lake, NAME).before, maintenance.vacuum(lake, NAME, 24)) == (0, [])


def test_a_writer_during_compaction_loses_nothing(lake: Lake) -> None:
    append(lake, D1, "before")
    writer = threading.Thread(
        target=lambda: [append(Lake(lake.root, lake.lock_folder), D1, str(n)) for n in range(8)]
    )
    writer.start()
    while writer.is_alive():
        maintenance.optimize(lake, NAME)
    writer.join()
    assert rows_of(lake) == sorted([(D1, "before"), *((D1, str(n)) for n in range(8))])


def test_vacuum_removes_only_files_replaced_before_the_horizon(
    lake: Lake,
) -> None:
    for bucket in "abc":
        last = append(lake, D1, bucket)
    maintenance.optimize(lake, NAME)
    assert (maintenance.vacuum(lake, NAME, 24), files(lake)) == ([], 4)
    aged(lake, 25)
    assert len(maintenance.vacuum(lake, NAME, 24, dry_run=True)) == 3
    assert files(lake) == 4
    assert len(maintenance.vacuum(lake, NAME, 24)) == 3
    assert (files(lake), rows_of(lake)) == (1, [(D1, "a"), (D1, "b"), (D1, "c")])
    with pytest.raises(
        PermanentError, match="`podrec vacuum` or `podrec forget` removed old files"
    ):
        rows_of(lake, last)


def assert_newest_commit_carries_state(lake: Lake) -> None:
    """Otherwise every reader would search the whole history."""
    table = lake.table(NAME)
    assert table is not None
    assert "podrec" in table.history(1)[0]["userMetadata"]


def test_days_and_ledger_are_found_at_once_after_a_vacuum(lake: Lake) -> None:
    append(lake, D1, "a")
    append(lake, D1, "b")
    maintenance.optimize(lake, NAME)
    aged(lake, 200)
    assert maintenance.vacuum(lake, NAME, 168)
    assert_newest_commit_carries_state(lake)
    assert (lake.state(NAME).days, lake.state(NAME).ledger) == ({D1}, LEDGER)


def test_kept_versions_keep_their_files_however_old(lake: Lake) -> None:
    first = append(lake, D1, "a")
    second = append(lake, D1, "b")
    lake.replace_days(FUSION_WEIGHTS, FUSION_WEIGHTS.rows([{"day": D1, "bucket": "c"}]), [D1])
    aged(lake, 1000)
    assert len(maintenance.vacuum(lake, NAME, 24, keep=[first, 99])) == 1
    assert rows_of(lake, first) == [(D1, "a")]
    with pytest.raises(PermanentError, match=f"Version {second} of {NAME} can no longer be read"):
        rows_of(lake, second)


def test_vacuum_removes_leftovers_of_killed_writers_once_they_are_old(lake: Lake) -> None:
    append(lake, D1, "a")
    leftover = Path(lake.uri(NAME), "day=2026-11-01", "part-leftover.parquet")
    leftover.write_bytes(b"half a file")
    assert maintenance.vacuum(lake, NAME, 24) == []
    aged(lake, 25)
    assert maintenance.vacuum(lake, NAME, 24) == ["day=2026-11-01/part-leftover.parquet"]
    assert rows_of(lake) == [(D1, "a")]


def test_a_horizon_beyond_deltas_default_is_set_on_the_table(lake: Lake) -> None:
    """By default checkpoints forget replaced files after a week.

    Vacuum would then judge a file by its own age, which may be years.
    """
    append(lake, D1, "a")
    maintenance.vacuum(lake, NAME, 400)
    table = lake.table(NAME)
    assert table is not None
    assert table.metadata().configuration[RETENTION] == "interval 400 hours"
    assert lake.state(NAME).ledger == LEDGER
