"""The latest announcement of an episode within the window counts."""

from datetime import date

import pyarrow as pa
import pytest

from podrec_assets.day_windows import catalogue, days_between, latest, of_window
from podrec_assets.schemas import EPISODES, VECTORS


def announced(*rows: tuple[int, str, str]) -> pa.Table:
    return EPISODES.rows(
        {
            "day": date(2026, 2, day),
            "episode_id": episode,
            "title": title,
            "transcripts": [{"url": title}],
        }
        for day, episode, title in rows
    )


def titles(table: pa.Table) -> list[str]:
    return table["title"].to_pylist()


ROWS = announced(
    (1, "e1", "1a"), (1, "e2", "2a"), (3, "e1", "1b"), (2, "e3", "3a"), (2, "e1", "1c")
)


def test_only_the_rows_of_an_episodes_latest_day_are_kept_in_order() -> None:
    assert titles(latest(ROWS)) == ["2a", "1b", "3a"]
    assert latest(ROWS)["transcripts"].to_pylist()[1] == [
        {"url": "1b", "type": None, "language": None, "rel": None}
    ]


def test_all_rows_of_the_latest_day_are_kept() -> None:
    chunks = VECTORS.rows(
        {"day": date(2026, 2, d), "episode_id": "e1", "chunk": n}
        for d, n in ((1, 0), (1, 1), (1, 2), (2, 0), (2, 1))
    )
    assert latest(chunks)["chunk"].to_pylist() == [0, 1]


@pytest.mark.parametrize(
    ("last", "days", "expected"),
    [
        (3, 1, ["1b"]),
        (3, 2, ["1b", "3a", "1c"]),
        (2, 2, ["1a", "2a", "3a", "1c"]),
        (2, 1, ["3a", "1c"]),
        (9, 30, ["1a", "2a", "1b", "3a", "1c"]),
        (9, 6, []),
    ],
)
def test_a_window_has_that_many_days_up_to_its_last_day(
    last: int, days: int, expected: list[str]
) -> None:
    assert titles(of_window(ROWS, date(2026, 2, last), days)) == expected


@pytest.mark.parametrize(
    ("last", "expected"), [(1, ["1a", "2a"]), (2, ["2a", "3a", "1c"]), (3, ["2a", "1b", "3a"])]
)
def test_the_catalogue_of_a_day_ignores_later_days(last: int, expected: list[str]) -> None:
    assert titles(catalogue(ROWS, date(2026, 2, last), 30)) == expected


def test_an_empty_table_keeps_its_schema() -> None:
    assert catalogue(EPISODES.empty(), date(2026, 2, 3), 30).equals(EPISODES.empty())


def test_days_between_includes_both_ends() -> None:
    first, second = date(2026, 2, 28), date(2026, 3, 1)
    assert days_between(first, second) == [first, second]
    assert days_between(second, first) == []
