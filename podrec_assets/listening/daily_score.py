"""The daily score of a listener and episode, as SQL that Spark and DuckDB both run unchanged."""

from collections.abc import Iterator

from podrec_assets.schemas import EVENT_KINDS, EventKind
from podrec_assets.schemas.listening import FINISHED_SHARE, HEARD_SHARE
from podrec_assets.settings import Settings


def weight_sql(settings: Settings) -> str:
    """Returns SQL for the weight of one event.

    A play weighs by its share: finished over FINISHED_SHARE, abandoned under HEARD_SHARE, middle in
    between or where the share is unknown. An event that undoes another weighs as much as that one,
    negated. Impressions and clicks weigh nothing: they say what was shown, not what was liked.
    """
    weights = [case for kind in EVENT_KINDS.values() for case in _weights(kind, settings)]
    cases = "\n".join(f"        WHEN {condition} THEN {weight}" for condition, weight in weights)
    return f"CASE\n{cases}\n        ELSE 0.0 END"


def _weights(kind: EventKind, settings: Settings) -> Iterator[tuple[str, float]]:
    """Yields (condition, weight) of a kind; the first condition that holds decides."""
    condition = f"kind = '{kind.name}'"
    if kind.undoes:
        yield condition, -getattr(settings, str(EVENT_KINDS[kind.undoes].weight))
    elif kind.has_completed_share:
        finished, middle, abandoned = (
            getattr(settings, f"{kind.weight}_{part}")
            for part in ("finished", "middle", "abandoned")
        )
        yield f"{condition} AND completed_share > {FINISHED_SHARE}", finished
        yield f"{condition} AND completed_share < {HEARD_SHARE}", abandoned
        yield condition, middle
    elif kind.weight:
        yield condition, getattr(settings, kind.weight)


def distinct_events_sql(events: str) -> str:
    """Returns SQL for the rows of a view of USER_EVENTS that count, with a column `copy_number`.

    Of an event_id repeated on a day, the record with the lowest partition and offset counts.
    """
    return f"""SELECT * FROM (
        SELECT *, ROW_NUMBER() OVER (
            PARTITION BY event_day, event_id ORDER BY kafka_partition, kafka_offset
        ) AS copy_number
        FROM {events}
    ) numbered WHERE copy_number = 1"""


def daily_score_sql(settings: Settings) -> str:
    """Returns SQL from a view `events` (USER_EVENTS) to the columns of USER_VS_EPISODE_DAILY."""
    counts = ",\n".join(
        f"        CAST(SUM(CASE WHEN kind = '{kind.name}' THEN 1 ELSE 0 END) AS BIGINT)"
        f" AS {kind.count_column}"
        for kind in EVENT_KINDS.values()
    )
    played = ", ".join(f"'{k.name}'" for k in EVENT_KINDS.values() if k.has_completed_share)
    return f"""
    SELECT event_day AS day, user_id, episode_id,
        CAST(SUM(CAST({weight_sql(settings)} AS DOUBLE)) AS DOUBLE) AS score,
{counts},
        MAX(CASE WHEN kind IN ({played}) THEN completed_share END) AS max_completed_share,
        MAX(occurred_at) AS last_at
    FROM ({distinct_events_sql("events")}) counted
    GROUP BY event_day, user_id, episode_id
    """
