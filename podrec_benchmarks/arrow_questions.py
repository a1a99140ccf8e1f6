"""The queries of `serving.analytics` written with pyarrow on the same files, as a baseline.

Each returns one number that must equal DuckDB's.
"""

from collections.abc import Callable
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from podrec_assets.serving import analytics
from podrec_assets.stores.delta import Lake

WEEK = 7


def _read(
    lake: Lake,
    name: str,
    columns: list[str],
    first: date,
    last: date,
    where: ds.Expression | None = None,
) -> pa.Table:
    root = lake.uri(name)
    partitioning = ds.partitioning(pa.schema([("day", pa.date32())]), flavor="hive")
    files = lake.files(name) if name in analytics.WHOLE_TABLES else lake.files(name, first, last)
    data = ds.dataset(files, format="parquet", partitioning=partitioning, partition_base_dir=root)
    return data.to_table(columns=columns, filter=where)


def _names(lake: Lake, first: date, last: date, column: str) -> pa.Table:
    return (
        _read(lake, "episodes", ["episode_id", column], first, last)
        .group_by("episode_id")
        .aggregate([(column, "max")])
    )


def listening_by_day(lake: Lake, first: date, last: date) -> float:
    """Returns the sum of daily listeners."""
    rows = _read(
        lake,
        "user_vs_episode_daily",
        ["day", "user_id", "play_count", "like_count", "skip_count"],
        first,
        last,
    )
    rows.group_by("day").aggregate(
        [("play_count", "sum"), ("like_count", "sum"), ("skip_count", "sum")]
    )
    heard = rows.filter(pc.field("play_count") > 0).group_by(["day", "user_id"]).aggregate([])
    return heard.group_by("day").aggregate([("user_id", "count")]).num_rows and heard.num_rows


def completion(lake: Lake, first: date, last: date) -> float:
    """Returns the listens of all tenths."""
    share = _read(lake, "user_vs_episode_daily", ["max_completed_share"], first, last)[
        "max_completed_share"
    ].drop_null()
    tenths = pc.floor(pc.multiply(pc.min_element_wise(share, 0.999), 10))
    return sum(row["counts"] for row in pc.value_counts(tenths).to_pylist())


def _heard(lake: Lake, first: date, last: date) -> pa.Table:
    rows = _read(
        lake,
        "user_vs_episode_daily",
        ["episode_id", "play_count", "like_count", "max_completed_share"],
        first,
        last,
    )
    wanted = [("play_count", "sum"), ("like_count", "sum"), ("max_completed_share", "mean")]
    return rows.group_by("episode_id").aggregate(wanted)


def top_episodes(lake: Lake, first: date, last: date) -> float:
    """Plays of the twenty."""
    top = (
        _heard(lake, first, last)
        .sort_by([("play_count_sum", "descending"), ("episode_id", "ascending")])
        .slice(0, 20)
    )
    named = top.join(_names(lake, first, last, "title"), "episode_id", join_type="left outer")
    return pc.sum(named["play_count_sum"]).as_py()


def top_shows(lake: Lake, first: date, last: date) -> float:
    """Plays of the twenty."""
    named = _heard(lake, first, last).join(
        _names(lake, first, last, "show_title"), "episode_id", join_type="left outer"
    )
    shows = named.group_by("show_title_max").aggregate(
        [("play_count_sum", "sum"), ("like_count_sum", "sum")]
    )
    top = shows.sort_by(
        [("play_count_sum_sum", "descending"), ("show_title_max", "ascending")]
    ).slice(0, 20)
    return pc.sum(top["play_count_sum_sum"]).as_py()


def retention(lake: Lake, first: date, last: date) -> float:
    """Returns the sum of weekly listeners."""
    rows = _read(
        lake, "user_vs_episode_daily", ["user_id", "day"], first, last, pc.field("play_count") > 0
    )
    week = pc.divide(pc.days_between(pa.scalar(first, pa.date32()), rows["day"]), WEEK)
    plays = (
        pa.table({"user_id": rows["user_id"], "week": week})
        .group_by(["user_id", "week"])
        .aggregate([])
    )
    cohorts = plays.group_by("user_id").aggregate([("week", "min")])
    both = plays.join(cohorts, "user_id")
    found = both.group_by(["week_min", "week"]).aggregate([("user_id", "count")])
    return pc.sum(found["user_id_count"]).as_py()


def _clicks(column: str) -> Callable[[Lake, date, date], float]:
    def counted(lake: Lake, first: date, last: date) -> float:
        wanted = pc.field("kind").isin(["impression", "click"]) & pc.field("position").is_valid()
        rows = _read(lake, "user_events", [column, "kind"], first, last, wanted)
        found = rows.group_by([column, "kind"]).aggregate([("kind", "count")])
        return pc.sum(found.filter(pc.field("kind") == "impression")["kind_count"]).as_py()

    return counted


def coverage(lake: Lake, first: date, last: date) -> float:
    """Returns the episodes of all sources."""
    rows = _read(lake, "transcripts", ["episode_id", "status", "source", "word_count"], first, last)
    named = rows.join(_names(lake, first, last, "duration_s"), "episode_id", join_type="left outer")
    found = named.group_by(["status", "source"]).aggregate(
        [("episode_id", "count"), ("duration_s_max", "sum")]
    )
    return pc.sum(found["episode_id_count"]).as_py()


QUESTIONS: dict[str, tuple[str, str, dict, Callable[[Lake, date, date], float]]] = {
    "listening by day": (analytics.LISTENING_BY_DAY, "listeners", {}, listening_by_day),
    "completion": (analytics.COMPLETION, "listens", {}, completion),
    "top shows": (analytics.TOP_SHOWS, "plays", {}, top_shows),
    "top episodes": (analytics.TOP_EPISODES, "plays", {}, top_episodes),
    "retention by week": (analytics.RETENTION, "listeners", {"step": WEEK}, retention),
    "click-through by position": (
        analytics.CLICKS_BY_POSITION,
        "impressions",
        {},
        _clicks("position"),
    ),
    "click-through by version": (
        analytics.CLICKS_BY_VERSION,
        "impressions",
        {},
        _clicks("list_version"),
    ),
    "click-through by day": (analytics.CLICKS_BY_DAY, "impressions", {}, _clicks("event_day")),
    "transcript coverage": (analytics.TRANSCRIPT_COVERAGE, "episodes", {}, coverage),
}
"""By question: SQL, the column whose sum is compared, SQL parameters, and the pyarrow version."""
