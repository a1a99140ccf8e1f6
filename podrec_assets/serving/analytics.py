"""Questions about listening, answered by DuckDB on the lake's own Parquet files: only the days asked for are opened."""

from datetime import date

import pyarrow as pa

from podrec_assets.resources.connections import Connections
from podrec_assets.stores import duck

LISTENING_BY_DAY = """
SELECT day, CAST(SUM(play_count) AS BIGINT) AS plays, COUNT(DISTINCT user_id) FILTER (play_count > 0) AS listeners,
    CAST(SUM(like_count) AS BIGINT) AS likes, CAST(SUM(skip_count) AS BIGINT) AS skips
FROM user_vs_episode_daily GROUP BY day ORDER BY day
"""
COMPLETION = """
SELECT CAST(FLOOR(LEAST(completed_share, 0.999) * 10) AS INTEGER) * 10 AS from_percent, COUNT(*) AS plays
FROM user_events WHERE kind = 'play' AND completed_share IS NOT NULL GROUP BY 1 ORDER BY 1
"""
TOP_EPISODES = """
WITH named AS (
    SELECT episode_id, ARG_MAX(title, day) AS title, ARG_MAX(show_title, day) AS show_title FROM episodes GROUP BY episode_id)
SELECT COALESCE(n.title, d.episode_id) AS title, n.show_title, CAST(SUM(d.play_count) AS BIGINT) AS plays,
    CAST(SUM(d.like_count) AS BIGINT) AS likes, AVG(d.max_completed_share) AS mean_completed_share
FROM user_vs_episode_daily d LEFT JOIN named n USING (episode_id)
GROUP BY ALL HAVING SUM(d.play_count) > 0 ORDER BY plays DESC, title LIMIT 20
"""
TOP_SHOWS = """
WITH named AS (SELECT episode_id, ARG_MAX(show_title, day) AS name FROM episodes GROUP BY episode_id)
SELECT COALESCE(n.name, 'unknown') AS show_title, CAST(SUM(d.play_count) AS BIGINT) AS plays,
    COUNT(DISTINCT d.user_id) AS listeners
FROM user_vs_episode_daily d LEFT JOIN named n USING (episode_id) GROUP BY ALL HAVING SUM(d.play_count) > 0 ORDER BY 2 DESC, 1
"""
RETENTION = """
WITH plays AS (SELECT DISTINCT user_id, day FROM user_vs_episode_daily WHERE play_count > 0),
    firsts AS (SELECT user_id, MIN(day) AS cohort FROM plays GROUP BY user_id)
SELECT f.cohort, p.day - f.cohort AS days_later, COUNT(*) AS listeners
FROM plays p JOIN firsts f USING (user_id) GROUP BY ALL ORDER BY ALL
"""
CLICKS_BY_POSITION = """
SELECT position, COUNT(*) FILTER (kind = 'impression') AS impressions, COUNT(*) FILTER (kind = 'click') AS clicks,
    COUNT(*) FILTER (kind = 'click') / NULLIF(COUNT(*) FILTER (kind = 'impression'), 0) AS click_through
FROM user_events WHERE position IS NOT NULL AND kind IN ('impression', 'click') GROUP BY position ORDER BY position
"""
TRANSCRIPT_COVERAGE = """
SELECT status, COALESCE(source, '-') AS source, COUNT(*) AS episodes, CAST(SUM(word_count) AS BIGINT) AS words
FROM transcripts GROUP BY ALL ORDER BY episodes DESC
"""
QUALITY = "SELECT day, ranker, metric, value, low, high, user_count FROM recommendation_quality ORDER BY day, metric, ranker"
DEAD_LETTERS = """
SELECT reason, stage, COUNT(*) AS letters, MAX(day) AS latest_day
FROM dead_letters GROUP BY ALL ORDER BY letters DESC, reason, stage
"""
LETTERS_OF = """
SELECT day, stage, source_key, detail, payload FROM dead_letters WHERE reason = $reason ORDER BY day DESC, source_key LIMIT 50
"""


def ask(connections: Connections, sql: str, first: date, last: date, **parameters: object) -> pa.Table:
    """The answer to one of the questions above over the days first..last; episodes are read as a whole.

    Raises:
        PodrecError: the lake cannot be read.
    """
    lake = connections.lake
    views = {}
    for name in _tables(sql):
        views[name] = lake.files(name) if name == "episodes" else lake.files(name, first, last)
    return duck.query_files(sql, views, lake.root, parameters)


def _tables(sql: str) -> list[str]:
    names = ("user_vs_episode_daily", "user_events", "episodes", "transcripts", "recommendation_quality", "dead_letters")
    return [name for name in names if name in sql]
