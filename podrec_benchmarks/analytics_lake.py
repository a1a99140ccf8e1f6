"""Generates a lake of many listening events: raw events, daily table, catalogue. Deterministic."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from podrec_assets.listening.daily_score import daily_score_sql
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import EPISODES, TRANSCRIPTS, USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.stores import duckdb

DAYS = 100
SHOWS, EPISODE_COUNT, USERS = 200, 5_000, 50_000
POSITIONS = 10

# As in real data, few episodes and listeners have most of the events: squares of uniform numbers
# are mostly near 0.
EVENTS = f"""
WITH drawn AS (
    SELECT n,
        hash(n * 7 + $seed) / 18446744073709551616.0 AS a,
        hash(n * 11 + $seed) / 18446744073709551616.0 AS b,
        hash(n * 13 + $seed) / 18446744073709551616.0 AS c,
        hash(n * 17 + $seed) / 18446744073709551616.0 AS d
    FROM range($begin, $begin + $count) numbers(n))
SELECT $day AS day, 'user-events' AS kafka_topic, CAST(n % 2 AS INTEGER) AS kafka_partition,
    n // 2 AS kafka_offset,
    $at + to_microseconds(CAST((n - $begin) * 86400000000 // $count AS BIGINT)) AS recorded_at,
    printf('id-%d', n) AS event_id,
    printf('listener-%05d', CAST(FLOOR(a * a * {USERS}) AS INTEGER)) AS user_id,
    printf('episode-%05d', CAST(FLOOR(b * b * {EPISODE_COUNT}) AS INTEGER)) AS episode_id,
    CASE WHEN c < .45 THEN 'impression' WHEN c < .5 THEN 'click' WHEN c < .92 THEN 'play'
        WHEN c < .96 THEN 'like' ELSE 'skip' END AS kind,
    CASE WHEN c >= .5 AND c < .92 THEN round(d, 3) END AS completed_share,
    recorded_at AS occurred_at, $day AS event_day, false AS is_late,
    CASE WHEN c < .5 THEN printf('%s.bench', $day - 1) END AS list_version,
    CASE WHEN c < .5 THEN CAST(FLOOR(d * d * {POSITIONS}) AS INTEGER) + 1 END AS position,
    NULL AS extra
FROM drawn
"""


def make(connections: Connections, events: int, today: date, seed: int = 7) -> list[date]:
    """Fills a lake with `events` events over the DAYS days up to `today`; returns the days."""
    days = [today - timedelta(days=n) for n in range(DAYS - 1, -1, -1)]
    lake, per_day = connections.lake, events // DAYS
    lake.replace_days(EPISODES, EPISODES.rows(_episodes(days[0])), days[:1])
    lake.replace_days(TRANSCRIPTS, TRANSCRIPTS.rows(_transcripts(days[0])), days[:1])
    for number, day in enumerate(days):
        at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        drawn = {"seed": seed, "begin": number * per_day, "count": per_day, "day": day, "at": at}
        rows = duckdb.query(EVENTS, {}, drawn).cast(USER_EVENTS.schema)
        lake.replace_days(USER_EVENTS, rows, [day])
        daily: pa.Table = duckdb.query(daily_score_sql(connections.settings), {"events": rows})
        lake.replace_days(USER_VS_EPISODE_DAILY, daily.cast(USER_VS_EPISODE_DAILY.schema), [day])
    return days


def _episodes(day: date) -> list[dict]:
    shows = [(n, n % SHOWS) for n in range(EPISODE_COUNT)]
    return [
        {
            "day": day,
            "episode_id": f"episode-{n:05}",
            "show_id": f"show-{s}",
            "show_title": f"Show {s}",
            "title": f"Episode {n}",
        }
        | {"duration_s": 600.0 + n}
        for n, s in shows
    ]


def _transcripts(day: date) -> list[dict]:
    sources = ("publisher", "publisher", "asr", None)
    return [
        {
            "day": day,
            "episode_id": f"episode-{n:05}",
            "status": "ok" if sources[n % 4] else "failed",
            "source": sources[n % 4],
        }
        | {"word_count": 1000 + n % 500}
        for n in range(EPISODE_COUNT)
    ]
