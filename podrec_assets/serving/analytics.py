"""Listening analytics: DuckDB queries on the lake's Parquet files, only of the days asked for.

In the queries, `listening` is the daily table, filtered by the selected shows if there are any.
User input is always passed as parameters.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from podrec_assets.listening.daily_score import bounded_events_sql
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import EPISODES, TABLES, TRANSCRIPTS
from podrec_assets.stores import duckdb

RECENT_DAYS = 30
Z = 1.96
"""Quantile of a 95% interval."""


def _share(hits: str, of: str) -> str:
    """Returns SQL of a share with its Wilson interval (1927): click_through, low, high."""
    middle = f"({hits} + {Z**2 / 2}) / ({of} + {Z**2})"
    half = f"{Z} * sqrt({hits} * ({of} - {hits}) / {of} + {Z**2 / 4})"
    low = f"greatest({middle} - {half} / ({of} + {Z**2}), 0)"
    high = f"least({middle} + {half} / ({of} + {Z**2}), 1)"
    return ", ".join(
        f"CASE WHEN {of} >= {hits} AND {of} > 0 THEN {value} END AS {name}"
        for name, value in (("click_through", f"{hits} / {of}"), ("low", low), ("high", high))
    )


def _clicks_by(column: str) -> str:
    """Returns SQL of impressions, clicks and click-through with its interval, by a column."""
    return f"""
WITH counted AS (
    SELECT {column}, COUNT(*) FILTER (kind = 'impression') AS impressions,
        COUNT(*) FILTER (kind = 'click') AS clicks
    FROM ({bounded_events_sql("user_events", "$events_per_day")})
    WHERE kind IN ('impression', 'click') AND position IS NOT NULL AND {column} IS NOT NULL
    GROUP BY {column})
SELECT {column}, impressions, clicks, {_share("clicks", "impressions")}
FROM counted ORDER BY {column}
"""


# Listeners are counted by a 64-bit hash of their id: twice as fast as strings, and among a million
# of them a collision has a chance of 3e-8. Each listener has one bit mask per 60 days, with a bit
# for each day with a play: that fits into the CPU cache, pairs of listener and day do not.
LISTENING_BY_DAY = """
WITH totals AS (
    SELECT day, SUM(play_count) AS plays, SUM(like_count) AS likes, SUM(skip_count) AS skips
    FROM listening GROUP BY day),
masks AS (
    SELECT (day - $first) // 60 AS block,
        BIT_OR(CAST(1 AS BIGINT) << CAST((day - $first) % 60 AS INTEGER)) AS mask
    FROM listening WHERE play_count > 0 GROUP BY hash(user_id), block),
patterns AS (SELECT block, mask, COUNT(*) AS listeners FROM masks GROUP BY ALL),
audience AS (
    SELECT CAST($first + CAST(block * 60 + bit AS INTEGER) AS DATE) AS day,
        CAST(SUM(listeners) AS BIGINT) AS listeners
    FROM patterns, range(60) bits(bit)
    WHERE (mask >> CAST(bit AS INTEGER)) & 1 = 1 GROUP BY ALL)
SELECT day, CAST(plays AS BIGINT) AS plays, COALESCE(listeners, 0) AS listeners,
    CAST(likes AS BIGINT) AS likes, CAST(skips AS BIGINT) AS skips
FROM totals LEFT JOIN audience USING (day) ORDER BY day
"""
COMPLETION = """
SELECT CAST(FLOOR(LEAST(max_completed_share, 0.999) * 10) AS INTEGER) * 10 AS from_percent,
    COUNT(*) AS listens
FROM listening WHERE max_completed_share IS NOT NULL GROUP BY 1 ORDER BY 1
"""
TOP_EPISODES = """
WITH heard AS (
    SELECT episode_id, SUM(play_count) AS plays, SUM(like_count) AS likes,
        AVG(max_completed_share) AS mean_completed_share
    FROM listening GROUP BY episode_id HAVING SUM(play_count) > 0
    ORDER BY plays DESC, episode_id LIMIT 20),
names AS (
    SELECT episode_id, ARG_MAX(title, day) AS title, ARG_MAX(show_title, day) AS show_title
    FROM episodes WHERE episode_id IN (SELECT episode_id FROM heard) GROUP BY episode_id)
SELECT COALESCE(n.title, h.episode_id) AS title, n.show_title, CAST(h.plays AS BIGINT) AS plays,
    CAST(h.likes AS BIGINT) AS likes, h.mean_completed_share
FROM heard h LEFT JOIN names n USING (episode_id) ORDER BY h.plays DESC, h.episode_id
"""
TOP_SHOWS = """
WITH names AS (
    SELECT episode_id, ARG_MAX(show_title, day) AS name FROM episodes GROUP BY episode_id),
heard AS (
    SELECT episode_id, SUM(play_count) AS plays, SUM(like_count) AS likes,
        AVG(max_completed_share) AS mean_completed_share, COUNT(max_completed_share) AS measured
    FROM listening GROUP BY episode_id HAVING SUM(play_count) > 0)
SELECT COALESCE(n.name, 'unknown') AS show_title, CAST(SUM(h.plays) AS BIGINT) AS plays,
    CAST(SUM(h.likes) AS BIGINT) AS likes,
    SUM(h.mean_completed_share * h.measured) / NULLIF(SUM(h.measured), 0) AS mean_completed_share
FROM heard h LEFT JOIN names n USING (episode_id)
GROUP BY 1 ORDER BY plays DESC, show_title LIMIT 20
"""
# One bit mask per listener, with a bit for each period with a play: a tenth of the rows of
# (listener, period) pairs.
RETENTION = """
WITH masks AS (
    SELECT BIT_OR(CAST(1 AS BIGINT) << CAST((day - $first) // $step AS INTEGER)) AS mask
    FROM listening WHERE play_count > 0 GROUP BY hash(user_id)),
patterns AS (SELECT mask, COUNT(*) AS listeners FROM masks GROUP BY mask),
plays AS (
    SELECT mask, listeners, period, MIN(period) OVER (PARTITION BY mask) AS cohort
    FROM patterns, range(63) periods(period) WHERE (mask >> CAST(period AS INTEGER)) & 1 = 1),
counted AS (
    SELECT cohort, period - cohort AS later, CAST(SUM(listeners) AS BIGINT) AS listeners
    FROM plays GROUP BY ALL)
SELECT CAST($first + CAST(cohort * $step AS INTEGER) AS DATE) AS cohort, later, listeners,
    listeners / FIRST_VALUE(listeners) OVER (PARTITION BY cohort ORDER BY later) AS share
FROM counted ORDER BY cohort, later
"""
MOST_PERIODS = 63
"""Maximum number of periods in RETENTION; choose $step so that the days have no more."""
CLICKS_BY_POSITION, CLICKS_BY_VERSION, CLICKS_BY_DAY = map(
    _clicks_by, ("position", "list_version", "event_day")
)
TRANSCRIPT_COVERAGE = """
WITH newest AS (
    SELECT episode_id, ARG_MAX(status, day) AS status, ARG_MAX(source, day) AS source,
        ARG_MAX(word_count, day) AS words
    FROM transcripts GROUP BY episode_id),
lengths AS (
    SELECT episode_id, ARG_MAX(duration_s, day) AS duration_s FROM episodes GROUP BY episode_id)
SELECT status, COALESCE(source, 'none') AS source, COUNT(*) AS episodes,
    CAST(SUM(words) AS BIGINT) AS words, SUM(duration_s) / 60 AS minutes
FROM newest LEFT JOIN lengths USING (episode_id)
GROUP BY ALL ORDER BY episodes DESC, status, source
"""
SHOWS = "SELECT DISTINCT show_title FROM episodes WHERE show_title IS NOT NULL ORDER BY 1"
RECENTLY_HEARD = """
SELECT day, episode_id, play_count AS plays, max_completed_share AS played,
    COALESCE(CAST(is_liked AS INTEGER), like_count - unlike_count) AS likes
FROM user_vs_episode_daily WHERE user_id = $user AND (play_count > 0 OR like_count > 0)
ORDER BY last_at DESC, episode_id LIMIT 20
"""
QUALITY = """
SELECT day, ranker, metric, value, low, high, user_count
FROM recommendation_quality ORDER BY day, metric, ranker
"""
ALPHAS = """
SELECT day, bucket, min_history, alpha, source, user_count
FROM fusion_weights ORDER BY day, min_history
"""
DEAD_LETTERS = """
SELECT reason, stage, COUNT(*) AS letters, MAX(day) AS latest_day
FROM dead_letters GROUP BY ALL ORDER BY letters DESC, reason, stage
"""
DEAD_LETTERS_BY_REASON = """
SELECT day, stage, source_key, detail, kafka_topic, kafka_partition, kafka_offset, recorded_at,
    payload
FROM dead_letters WHERE reason = $reason ORDER BY day DESC, source_key LIMIT 50
"""
WHOLE_TABLES = (EPISODES.name, TRANSCRIPTS.name)
"""Tables that are always read completely, because they describe episodes of any day."""


def ask(
    connections: Connections,
    sql: str,
    first: date,
    last: date,
    shows: Sequence[str] = (),
    **parameters: object,
) -> pa.Table:
    """Runs one of the queries above over the days first..last.

    Args:
        connections: the lake.
        sql: a query of this module.
        first: first day of listening, dead letters or lists.
        last: last day, inclusive.
        shows: show titles that `listening` is filtered by; none means all.
        parameters: values of the query's other $parameters.

    Raises:
        PodrecError: the lake cannot be read.
    """
    if "listening" in sql:
        sql = _with_listening(sql, bool(shows))
        parameters |= {"shows": list(shows)} if shows else {}
    if "$first" in sql:
        parameters["first"] = first
    if "$events_per_day" in sql:
        parameters["events_per_day"] = connections.settings.listener_events_per_day
    lake = connections.lake
    views = {
        table: lake.files(table) if table in WHOLE_TABLES else lake.files(table, first, last)
        for table in TABLES
        if _mentions(sql, table)
    }
    return duckdb.query_files(sql, views, lake.root, parameters)


def recently_heard(connections: Connections, user: str) -> list[dict]:
    """Returns what a listener recently played or liked, as far as landed, newest first.

    Each row has day, episode_id, plays, played (furthest share) and likes.
    """
    today = datetime.now(UTC).date()
    first = today - timedelta(days=RECENT_DAYS - 1)
    return ask(connections, RECENTLY_HEARD, first, today, user=user).to_pylist()


def _with_listening(sql: str, has_shows: bool) -> str:
    episodes = "SELECT episode_id FROM episodes WHERE list_contains($shows, show_title)"
    where = f" WHERE episode_id IN ({episodes})" if has_shows else ""
    # DuckDB would copy a view that is used twice into memory, with all of its columns.
    view = f"listening AS NOT MATERIALIZED (SELECT * FROM user_vs_episode_daily{where})"
    query = sql.lstrip()
    if query.startswith("WITH "):
        return f"WITH {view}, {query.removeprefix('WITH ')}"
    return f"WITH {view} {query}"


def _mentions(sql: str, table: str) -> bool:
    return f" {table}" in sql.replace("\n", " ")
