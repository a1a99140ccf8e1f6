"""Small files are put together and old ones removed, while readers, writers, time travel and the
ledger notice nothing.
"""

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


def held(lake: Lake, version: int | None = None) -> list[tuple[date, str]]:
    return sorted((r["day"], r["bucket"]) for r in lake.read(NAME, version=version).to_pylist())


def aged(lake: Lake, hours: float, name: str = NAME) -> None:
    """Makes all that lies on disk so old: Delta tells age by commit times and files' own."""
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
    found = maintenance.optimize(lake, NAME)
    assert (found.before, found.after) == (6, 2)
    assert held(lake) == places == held(lake, before)
    assert (lake.state(NAME).days, lake.state(NAME).ledger) == (days, LEDGER)
    assert_newest_commit_carries_state(lake)
    version = lake.version(NAME)
    again = maintenance.optimize(lake, NAME)
    assert (again.before, again.after, lake.version(NAME)) == (2, 2, version)


def test_a_table_that_is_not_there_needs_no_upkeep(lake: Lake) -> None:
    assert (maintenance.optimize(lake, NAME).before, maintenance.vacuum(lake, NAME, 24)) == (0, [])


def test_a_writer_that_comes_meanwhile_loses_nothing(lake: Lake) -> None:
    append(lake, D1, "before")
    writer = threading.Thread(
        target=lambda: [append(Lake(lake.root, lake.lock_folder), D1, str(n)) for n in range(8)]
    )
    writer.start()
    while writer.is_alive():
        maintenance.optimize(lake, NAME)
    writer.join()
    assert held(lake) == sorted([(D1, "before"), *((D1, str(n)) for n in range(8))])


def test_vacuum_removes_what_was_replaced_before_the_horizon_and_nothing_younger(
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
    assert (files(lake), held(lake)) == (1, [(D1, "a"), (D1, "b"), (D1, "c")])
    with pytest.raises(
        PermanentError, match="`podrec vacuum` or `podrec forget` removed old files"
    ):
        held(lake, last)


def assert_newest_commit_carries_state(lake: Lake) -> None:
    """A commit that does not would have every reader search the whole history."""
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


def test_versions_that_are_still_named_keep_their_files_however_old(lake: Lake) -> None:
    first = append(lake, D1, "a")
    second = append(lake, D1, "b")
    lake.replace_days(FUSION_WEIGHTS, FUSION_WEIGHTS.rows([{"day": D1, "bucket": "c"}]), [D1])
    aged(lake, 1000)
    assert len(maintenance.vacuum(lake, NAME, 24, keep=[first, 99])) == 1
    assert held(lake, first) == [(D1, "a")]
    with pytest.raises(PermanentError, match=f"Version {second} of {NAME} can no longer be read"):
        held(lake, second)


def test_what_a_killed_writer_left_is_removed_once_it_is_old(lake: Lake) -> None:
    append(lake, D1, "a")
    left = Path(lake.uri(NAME), "day=2026-11-01", "part-left.parquet")
    left.write_bytes(b"half a file")
    assert maintenance.vacuum(lake, NAME, 24) == []
    aged(lake, 25)
    assert maintenance.vacuum(lake, NAME, 24) == ["day=2026-11-01/part-left.parquet"]
    assert held(lake) == [(D1, "a")]


def test_a_horizon_beyond_deltas_own_is_written_into_the_table(lake: Lake) -> None:
    """Checkpoints forget a replaced file after a week by themselves; its own age, which may be
    years, would then decide.
    """
    append(lake, D1, "a")
    maintenance.vacuum(lake, NAME, 400)
    table = lake.table(NAME)
    assert table is not None
    assert table.metadata().configuration[RETENTION] == "interval 400 hours"
    assert lake.state(NAME).ledger == LEDGER
