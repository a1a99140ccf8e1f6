"""The lake: days are replaced completely, missing is not empty, rows carry their offsets."""

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from podrec_assets.errors import MissingPartitionError, PermanentError
from podrec_assets.schemas import DEAD_LETTERS, TABLES, USER_VS_EPISODE_DAILY, Table
from podrec_assets.stores.delta import (
    Lake,
    add_dead_letters,
    between,
    on_days,
    replace_dead_letters,
    to_ranges,
)

D1, D2, D3, D5 = (date(2026, 11, n) for n in (1, 2, 3, 5))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"), tmp_path / "locks")


def scores(*rows: tuple[date, str, float]) -> pa.Table:
    return USER_VS_EPISODE_DAILY.rows(
        {"day": d, "user_id": u, "episode_id": "e", "score": s} for d, u, s in rows
    )


def rows_of(lake: Lake, name: str = USER_VS_EPISODE_DAILY.name) -> list[tuple]:
    return sorted((r["day"], r["user_id"], r["score"]) for r in lake.read(name).to_pylist())


def test_a_second_write_of_a_day_replaces_that_day_only(lake: Lake) -> None:
    lake.replace_days(USER_VS_EPISODE_DAILY, scores((D1, "a", 1.0), (D1, "b", 2.0)), [D1])
    lake.replace_days(USER_VS_EPISODE_DAILY, scores((D2, "a", 3.0)), [D2])
    lake.replace_days(USER_VS_EPISODE_DAILY, scores((D1, "c", 4.0)), [D1])
    assert rows_of(lake) == [(D1, "c", 4.0), (D2, "a", 3.0)]


def test_conditions_of_days_combine_with_others(lake: Lake) -> None:
    written = [(day, user, 1.0) for day in (D1, D2, D3, D5) for user in "ab"]
    lake.replace_days(USER_VS_EPISODE_DAILY, scores(*written), [D1, D2, D3, D5])
    for condition, expected in (
        (on_days([D5, D1, D2]), [D1, D2, D5]),
        (on_days([]), []),
        (between(D2, D3), [D2, D3]),
        (between(D3, D2), []),
    ):
        rows = lake.read(USER_VS_EPISODE_DAILY.name, f"user_id = 'b' AND {condition}").to_pylist()
        assert sorted((r["day"], r["user_id"]) for r in rows) == [(day, "b") for day in expected]
    assert on_days([D1, D3], "event_day").count("event_day") == 4


def test_an_empty_day_is_data_and_a_missing_day_is_an_error(lake: Lake) -> None:
    lake.replace_days(USER_VS_EPISODE_DAILY, scores((D1, "a", 1.0)), [D1])
    lake.replace_days(USER_VS_EPISODE_DAILY, scores(), [D2])
    assert len(lake.read_days(USER_VS_EPISODE_DAILY.name, [D2])) == 0
    with pytest.raises(
        MissingPartitionError, match="user_vs_episode_daily has never been written for 2026-11-03"
    ):
        lake.read_days(USER_VS_EPISODE_DAILY.name, [D1, D2, D3])


def test_a_window_may_begin_before_history_but_not_skip_a_day_of_it(lake: Lake) -> None:
    lake.replace_days(USER_VS_EPISODE_DAILY, scores((D3, "a", 1.0)), [D3])
    assert len(lake.read_days(USER_VS_EPISODE_DAILY.name, [D1, D2, D3])) == 1
    lake.replace_days(USER_VS_EPISODE_DAILY, scores((D5, "a", 1.0)), [D5])
    with pytest.raises(MissingPartitionError, match="2026-11-04"):
        lake.read_days(USER_VS_EPISODE_DAILY.name, [D3, date(2026, 11, 4), D5])


def test_rows_outside_the_days_written_are_refused_before_anything_is_written(lake: Lake) -> None:
    lake.replace_days(USER_VS_EPISODE_DAILY, scores((D1, "a", 1.0)), [D1])
    with pytest.raises(PermanentError, match="2026-11-02"):
        lake.replace_days(USER_VS_EPISODE_DAILY, scores((D2, "a", 1.0)), [D1])
    assert rows_of(lake) == [(D1, "a", 1.0)]


def test_commits_that_do_not_change_the_ledger_keep_it(lake: Lake) -> None:
    lake.replace_days(USER_VS_EPISODE_DAILY, scores((D1, "a", 1.0)), [D1], {"landed": {"0": 7}})
    lake.replace_days(USER_VS_EPISODE_DAILY, scores((D2, "a", 1.0)), [D2])
    state = lake.state(USER_VS_EPISODE_DAILY.name)
    assert state.ledger == {"landed": {"0": 7}}
    assert state.days == {D1, D2}


def test_an_earlier_version_can_be_read_again(lake: Lake) -> None:
    first = lake.replace_days(USER_VS_EPISODE_DAILY, scores((D1, "a", 1.0)), [D1])
    lake.replace_days(USER_VS_EPISODE_DAILY, scores((D1, "b", 2.0)), [D1])
    assert lake.read(USER_VS_EPISODE_DAILY.name, version=first)["user_id"].to_pylist() == ["a"]


def test_dead_letters_of_a_repeated_batch_are_kept_once_and_replaced_by_stage(lake: Lake) -> None:
    def letter(stage: str, key: str) -> dict:
        return {"day": D1, "stage": stage, "source_key": key, "reason": "not_json", "payload": b"x"}

    add_dead_letters(lake, [letter("user_events", "t:0:1")])
    add_dead_letters(
        lake,
        [
            letter("user_events", "t:0:1"),
            letter("user_events", "t:0:2"),
            letter("episodes", "t:0:1"),
        ],
    )
    assert len(lake.read(DEAD_LETTERS.name)) == 3
    replace_dead_letters(lake, "user_events", [D1], [letter("user_events", "t:0:9")])
    letters = {(r["stage"], r["source_key"]) for r in lake.read(DEAD_LETTERS.name).to_pylist()}
    assert letters == {("user_events", "t:0:9"), ("episodes", "t:0:1")}


@pytest.mark.parametrize("spec", TABLES.values(), ids=lambda s: s.name)
def test_every_table_is_created_readable_by_both_writers(lake: Lake, spec: Table) -> None:
    lake.replace_days(spec, spec.rows([{"day": D1}]), [D1])
    table = lake.table(spec.name)
    assert table is not None
    assert (table.protocol().min_reader_version, table.protocol().min_writer_version) == (1, 2)
    assert lake.read(spec.name).schema == spec.schema


def test_timestamps_round_trip(lake: Lake) -> None:
    at = datetime(2026, 11, 1, 23, 59, 59, 123456, tzinfo=UTC)
    add_dead_letters(
        lake, [{"day": D1, "stage": "s", "source_key": "k", "reason": "r", "recorded_at": at}]
    )
    assert lake.read(DEAD_LETTERS.name)["recorded_at"].to_pylist() == [at]


def test_days_are_written_as_ranges() -> None:
    assert to_ranges([D3, D1, D2, D5]) == [(D1, D3), (D5, D5)]
