"""The daily score of a listener and episode, defined once: SQL that Spark and DuckDB both run
unchanged.
"""

from podrec_assets.listening.event_message import KINDS
from podrec_assets.schemas.listening import FINISHED_SHARE, HEARD_SHARE
from podrec_assets.settings import Settings


def weight_sql(settings: Settings) -> str:
    """SQL for the weight of one event.

    A play of over 80 % counts weight_play_finished, of under 20 % weight_play_abandoned, one
    between, or of unknown length, weight_play_middle. An unlike takes a like back. Impressions and
    clicks count nothing: they say what was shown, not what was enjoyed.
    """
    return f"""CASE
        WHEN kind = 'play' AND completed_share > {FINISHED_SHARE} THEN {settings.weight_play_finished}
        WHEN kind = 'play' AND completed_share < {HEARD_SHARE} THEN {settings.weight_play_abandoned}
        WHEN kind = 'play' THEN {settings.weight_play_middle}
        WHEN kind = 'like' THEN {settings.weight_like}
        WHEN kind = 'unlike' THEN -{settings.weight_like}
        WHEN kind = 'skip' THEN {settings.weight_skip}
        ELSE 0.0 END"""


def distinct_events_sql(events: str) -> str:
    """SQL of the rows of a view of USER_EVENTS that count, and a column `copy_number`.

    Of an event_id repeated on a day the record with the lowest partition and offset counts.
    """
    return f"""SELECT * FROM (
        SELECT *, ROW_NUMBER() OVER (PARTITION BY event_day, event_id ORDER BY kafka_partition, kafka_offset) AS copy_number
        FROM {events}
    ) numbered WHERE copy_number = 1"""


def daily_score_sql(settings: Settings) -> str:
    """SQL from a view `events` (columns of USER_EVENTS) to the columns of USER_VS_EPISODE_DAILY, in
    their order.
    """
    counts = ",\n".join(
        f"        CAST(SUM(CASE WHEN kind = '{kind}' THEN 1 ELSE 0 END) AS BIGINT) AS {kind}_count"
        for kind in KINDS
    )
    return f"""
    SELECT event_day AS day, user_id, episode_id,
        CAST(SUM(CAST({weight_sql(settings)} AS DOUBLE)) AS DOUBLE) AS score,
{counts},
        MAX(CASE WHEN kind = 'play' THEN completed_share END) AS max_completed_share,
        MAX(occurred_at) AS last_at
    FROM ({distinct_events_sql("events")}) counted
    GROUP BY event_day, user_id, episode_id
    """
