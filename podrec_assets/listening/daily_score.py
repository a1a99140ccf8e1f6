"""The daily score of a listener and episode, as SQL that Spark and DuckDB both run unchanged."""

from collections.abc import Iterator

from podrec_assets.schemas import EVENT_KINDS, EventKind
from podrec_assets.schemas.listening import FINISHED_SHARE, HEARD_SHARE
from podrec_assets.settings import Settings

STATE_KINDS = ("like", "unlike")
"""Kinds that set a state: the last one decides whether a listener likes an episode."""
INPUTS = (
    "event_day", "user_id", "episode_id", "event_id", "kind", "completed_share", "occurred_at",
    "kafka_partition", "kafka_offset",
)  # fmt: skip
"""Columns of USER_EVENTS that the queries read."""


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


def bounded_events_sql(events: str, bound: int | str) -> str:
    """Returns SQL for the rows of a view of USER_EVENTS that may count.

    An event_id that a listener repeats on a day counts once: the record with the lowest partition
    and offset. Of a listener's events of a day the first `bound` count, in order of event time,
    then partition and offset. The rows gain event_number, their place in that order, and
    event_count, the number of the listener's distinct events of the day.

    Args:
        events: name of the view; it must have all events of its listeners and days.
        bound: number, or name of an SQL parameter.
    """
    distinct = f"""SELECT * FROM (
        SELECT *, ROW_NUMBER() OVER (
            PARTITION BY event_day, user_id, event_id ORDER BY kafka_partition, kafka_offset
        ) AS copy_number
        FROM {events}
    ) copies WHERE copy_number = 1"""
    return f"""SELECT * FROM (
        SELECT *, ROW_NUMBER() OVER (
            PARTITION BY event_day, user_id ORDER BY occurred_at, kafka_partition, kafka_offset
        ) AS event_number, COUNT(*) OVER (PARTITION BY event_day, user_id) AS event_count
        FROM ({distinct}) distinct_events
    ) numbered WHERE event_number <= {bound}"""


def counted_events_sql(events: str, bound: int | str) -> str:
    """Returns SQL for the rows of a view of USER_EVENTS that count; see `bounded_events_sql`.

    A like of what the day's previous like or unlike already liked changes nothing and does not
    count, nor does an unlike after an unlike.
    """
    return f"""SELECT * FROM (
        SELECT *, LAG(kind) OVER (
            PARTITION BY event_day, user_id, episode_id, kind IN {STATE_KINDS}
            ORDER BY event_number
        ) AS previous_kind
        FROM ({bounded_events_sql(events, bound)}) bounded
    ) states WHERE kind NOT IN {STATE_KINDS} OR previous_kind IS NULL OR previous_kind <> kind"""


def daily_score_sql(settings: Settings) -> str:
    """Returns SQL from a view `events` (USER_EVENTS) to the columns of USER_VS_EPISODE_DAILY."""
    counts = ",\n".join(
        f"        CAST(SUM(CASE WHEN kind = '{kind.name}' THEN 1 ELSE 0 END) AS BIGINT)"
        f" AS {kind.count_column}"
        for kind in EVENT_KINDS.values()
    )
    played = ", ".join(f"'{k.name}'" for k in EVENT_KINDS.values() if k.has_completed_share)
    bound = settings.listener_events_per_day
    last_like, last_unlike = (
        f"MAX(CASE WHEN kind = '{kind}' THEN event_number ELSE 0 END)" for kind in STATE_KINDS
    )
    return f"""
    SELECT event_day AS day, user_id, episode_id,
        CAST(SUM(CAST({weight_sql(settings)} AS DOUBLE)) AS DOUBLE) AS score,
{counts},
        MAX(CASE WHEN kind IN ({played}) THEN completed_share END) AS max_completed_share,
        MAX(occurred_at) AS last_at,
        CASE WHEN {last_like} > {last_unlike} THEN TRUE
            WHEN {last_like} < {last_unlike} THEN FALSE END AS is_liked,
        MAX(event_count) > {bound} AS is_capped
    FROM ({counted_events_sql("events", bound)}) counted
    GROUP BY event_day, user_id, episode_id
    """
