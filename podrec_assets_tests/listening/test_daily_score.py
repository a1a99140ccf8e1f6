"""The daily score on a table worked out by hand, by DuckDB and by Spark from the same SQL."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import SparkSession

from podrec_assets.listening.daily_score import INPUTS, daily_score_sql
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
        event(
            offset, user, kind, int(event_id),
            event_id=event_id, episode_id=episode, completed_share=share, event_day=day,
        )
        for offset, (event_id, user, episode, kind, share, day) in enumerate(EVENTS)
    )  # fmt: skip


def event(offset: int, user: str, kind: str, minute: int, **more: object) -> dict:
    """Returns an event of episode e, `minute` minutes after noon, with the offset as its id."""
    return {
        "day": DAY, "kafka_topic": "t", "kafka_partition": 0, "kafka_offset": offset,
        "recorded_at": NOON, "event_id": str(offset), "user_id": user, "episode_id": "e",
        "kind": kind, "completed_share": 0.9 if kind == "play" else None,
        "occurred_at": NOON + timedelta(minutes=minute), "event_day": DAY, "is_late": False,
        **more,
    }  # fmt: skip


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


# Kinds in order of event time: L is a like, U an unlike, P a play past 80 %.
STATES = {
    "L": (2.0, 1, 0, True),
    "LL": (2.0, 1, 0, True),
    "LLU": (0.0, 1, 1, False),
    "LUUL": (2.0, 2, 1, True),
    "LULU": (0.0, 2, 2, False),
    "U": (-2.0, 0, 1, False),
    "UU": (-2.0, 0, 1, False),
    "UL": (0.0, 1, 1, True),
    "LPL": (5.0, 1, 0, True),
    "LPLU": (3.0, 1, 1, False),
    "P": (3.0, 0, 0, None),
}
KINDS = {"L": "like", "U": "unlike", "P": "play"}


@pytest.mark.parametrize("arrival", [1, -1], ids=["in order", "in reverse"])
def test_the_last_like_or_unlike_of_a_day_decides_and_a_repeated_one_changes_nothing(
    run: Run, settings: Settings, arrival: int
) -> None:
    rows = [
        event(100 * row + arrival * minute, sequence, KINDS[letter], minute)
        for row, sequence in enumerate(STATES, start=1)
        for minute, letter in enumerate(sequence)
    ]
    found = run(daily_score_sql(settings), USER_EVENTS.rows(rows)).to_pylist()
    assert {
        r["user_id"]: (r["score"], r["like_count"], r["unlike_count"], r["is_liked"]) for r in found
    } == STATES


def test_of_a_like_and_an_unlike_at_the_same_time_the_later_record_decides(
    run: Run, settings: Settings
) -> None:
    places = {"by offset": ((0, 1), (0, 2)), "by partition": ((1, 9), (2, 1))}
    rows = [
        event(offset, user, kind, 0, kafka_partition=partition, event_id=kind)
        for user, order in places.items()
        for kind, (partition, offset) in zip(("unlike", "like"), order, strict=True)
    ]
    found = run(daily_score_sql(settings), USER_EVENTS.rows(reversed(rows))).to_pylist()
    assert {r["user_id"]: r["is_liked"] for r in found} == dict.fromkeys(places, True)


def test_an_event_id_that_two_listeners_use_counts_for_both(run: Run, settings: Settings) -> None:
    rows = [
        event(10 * n + place, user, "play", place, event_id=str(place), episode_id=f"e{place}")
        for n, user in enumerate("uv")
        for place in (1, 2, 3)
    ]
    found = run(daily_score_sql(settings), USER_EVENTS.rows([*rows, *rows])).to_pylist()
    assert sorted((r["user_id"], r["episode_id"], r["play_count"], r["score"]) for r in found) == [
        (user, f"e{place}", 1, 3.0) for user in "uv" for place in (1, 2, 3)
    ]


def test_of_a_listeners_day_only_the_first_events_by_time_count(
    run: Run, settings: Settings
) -> None:
    """The bot has seven distinct events; the fourth and later ones weigh nothing."""
    bounded = settings.model_copy(update={"listener_events_per_day": 3})
    bot = [
        event(100 - minute, "bot", "play", minute, episode_id=f"e{minute}") for minute in range(7)
    ]
    copies = [row | {"kafka_offset": row["kafka_offset"] + 500} for row in bot[:3]]
    busy = [event(200 + n, "busy", "play", 0) for n in range(3)]
    next_day = [row | {"event_day": DAY + timedelta(days=1)} for row in bot[:1]]
    table = USER_EVENTS.rows([*copies, *bot, *busy, *next_day])
    rows = run(daily_score_sql(bounded), table).to_pylist()
    assert sorted(
        (r["user_id"], r["day"].day, r["episode_id"], r["score"], r["is_capped"]) for r in rows
    ) == [
        ("bot", 20, "e0", 3.0, True),
        ("bot", 20, "e1", 3.0, True),
        ("bot", 20, "e2", 3.0, True),
        ("bot", 21, "e0", 3.0, False),
        ("busy", 20, "e", 9.0, False),
    ]


def test_one_listener_with_hundreds_of_thousands_of_plays_has_no_more_rows_than_a_busy_one(
    settings: Settings,
) -> None:
    """300,000 plays of as many episodes, next to one play of somebody else."""
    count, few = 300_000, USER_EVENTS.rows([event(0, "ann", "play", 0)])
    numbers = pa.array(range(1, count + 1), pa.int64())
    texts = numbers.cast(pa.string())
    own = {
        "kafka_offset": numbers,
        "event_id": texts,
        "user_id": pa.array(["bot"] * count),
        "episode_id": texts,
        "occurred_at": numbers.cast(pa.timestamp("us", tz="UTC")),
    }
    many = pa.table(
        {
            name: own[name] if name in own else pa.concat_arrays(few[name].chunks * count)
            for name in INPUTS
        },
        schema=pa.schema([few.schema.field(name) for name in INPUTS]),
    )
    rows = duckdb.query(
        daily_score_sql(settings), {"events": pa.concat_tables([few.select(INPUTS), many])}
    )
    bot = rows.filter(pc.field("user_id") == "bot")
    assert sorted(map(int, bot["episode_id"].to_pylist())) == list(range(1, 2001))
    assert rows.filter(pc.field("user_id") == "ann")["score"].to_pylist() == [3.0]
