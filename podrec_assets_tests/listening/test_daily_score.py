"""The daily score on a table worked out by hand, by DuckDB and by Spark from the same SQL."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from podrec_assets.listening.daily_score import daily_score_sql
from podrec_assets.schemas import USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.settings import Settings
from podrec_assets.stores import duckdb

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
# event_id, user, episode, kind, share, day
EVENTS = [
    ("1", "u", "e", "play", 0.81, DAY),
    ("2", "u", "e", "play", 0.8, DAY),
    ("3", "u", "e", "play", 0.2, DAY),
    ("4", "u", "e", "play", 0.19, DAY),
    ("5", "u", "e", "like", None, DAY),
    ("5", "u", "e", "like", None, DAY),
    ("6", "u", "f", "like", None, DAY),
    ("7", "u", "f", "unlike", None, DAY),
    ("8", "u", "f", "skip", None, DAY),
    ("9", "v", "e", "impression", None, DAY),
    ("10", "v", "e", "click", None, DAY),
    ("11", "u", "e", "play", 1.0, DAY + timedelta(days=1)),
    ("12", "v", "f", "share", None, DAY),
    ("13", "v", "f", "unlike", None, DAY),
]
COUNTS = (
    "play_count",
    "like_count",
    "unlike_count",
    "skip_count",
    "impression_count",
    "click_count",
    "share_count",
)
EXPECTED = {
    (DAY, "u", "e"): (3.0 + 1.0 + 1.0 + 0.5 + 2.0, (4, 1, 0, 0, 0, 0, 0), 0.81, 5),
    (DAY, "u", "f"): (2.0 - 2.0 + 0.2, (0, 1, 1, 1, 0, 0, 0), None, 8),
    (DAY, "v", "e"): (0.0, (0, 0, 0, 0, 1, 1, 0), None, 10),
    (DAY, "v", "f"): (2.5 - 2.0, (0, 0, 1, 0, 0, 0, 1), None, 13),
    (DAY + timedelta(days=1), "u", "e"): (3.0, (1, 0, 0, 0, 0, 0, 0), 1.0, 11),
}
Run = Callable[[str, pa.Table], pa.Table]


def events() -> pa.Table:
    return USER_EVENTS.rows(
        {
            "day": DAY,
            "kafka_topic": "t",
            "kafka_partition": 0,
            "kafka_offset": n,
            "recorded_at": NOON,
            "event_id": event_id,
            "user_id": user,
            "episode_id": episode,
            "kind": kind,
            "completed_share": share,
            "occurred_at": NOON + timedelta(minutes=int(event_id)),
            "event_day": day,
            "is_late": False,
        }
        for n, (event_id, user, episode, kind, share, day) in enumerate(EVENTS)
    )


@pytest.fixture(
    scope="module", params=["duckdb", pytest.param("spark", marks=pytest.mark.services)]
)
def run(request: pytest.FixtureRequest) -> Run:
    if request.param == "duckdb":
        return lambda sql, table: duckdb.query(sql, {"events": table})
    session: SparkSession = request.getfixturevalue("spark")

    def on_spark(sql: str, table: pa.Table) -> pa.Table:
        session.createDataFrame(table).createOrReplaceTempView("events")
        return session.sql(sql).toArrow()

    return on_spark


def test_scores_and_counts_are_those_worked_out_by_hand(run: Run, settings: Settings) -> None:
    found = run(daily_score_sql(settings), events())
    assert found.column_names == USER_VS_EPISODE_DAILY.schema.names
    rows = {(r["day"], r["user_id"], r["episode_id"]): r for r in found.to_pylist()}
    assert rows.keys() == EXPECTED.keys()
    for key, (score, counts, share, minute) in EXPECTED.items():
        row = rows[key]
        assert row["score"] == pytest.approx(score)
        assert tuple(row[c] for c in COUNTS) == counts
        assert row["max_completed_share"] == share
        assert row["last_at"].astimezone(UTC) == NOON + timedelta(minutes=minute)


def test_weights_come_from_the_settings(run: Run, settings: Settings) -> None:
    changed = settings.model_copy(update={"weight_like": 7.0, "weight_skip": 0.0})
    rows = {
        (r["user_id"], r["episode_id"]): r["score"]
        for r in run(daily_score_sql(changed), events()).to_pylist()
        if r["day"] == DAY
    }
    assert rows["u", "e"] == pytest.approx(3.0 + 1.0 + 1.0 + 0.5 + 7.0)
    assert rows["u", "f"] == 0.0


def test_of_a_repeated_event_the_lowest_offset_counts(run: Run, settings: Settings) -> None:
    table = events().slice(0, 2).to_pylist()
    table[1] |= {"event_id": table[0]["event_id"], "kafka_offset": 99}
    rows = run(daily_score_sql(settings), USER_EVENTS.rows(reversed(table))).to_pylist()
    assert [r["max_completed_share"] for r in rows] == [0.81]


def test_two_days_in_one_run_are_as_two_runs(run: Run, settings: Settings) -> None:
    rows = events().slice(0, 2).to_pylist()
    rows[1] |= {"event_id": rows[0]["event_id"], "event_day": DAY + timedelta(days=1)}
    together = run(daily_score_sql(settings), USER_EVENTS.rows(rows)).to_pylist()
    apart = [
        r
        for row in rows
        for r in run(daily_score_sql(settings), USER_EVENTS.rows([row])).to_pylist()
    ]
    assert sorted(map(str, together)) == sorted(map(str, apart))
    assert len(together) == 2
