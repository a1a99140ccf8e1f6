"""Reads what listeners did: in the history window, before it, and with the lists of a day."""

from dataclasses import replace
from datetime import date, timedelta

import pyarrow as pa

from podrec_assets.day_windows import of_window
from podrec_assets.listening.daily_score import INPUTS, bounded_events_sql
from podrec_assets.recommend.interactions import Interactions, interactions
from podrec_assets.schemas import EVENT_KINDS, USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.schemas.listening import HEARD_SHARE
from podrec_assets.settings import Settings
from podrec_assets.stores import duckdb
from podrec_assets.stores.delta import Lake, on_days

HEARD_OR_UNLIKED = " OR ".join(
    [
        f"max_completed_share >= {HEARD_SHARE}",
        "(play_count > 0 AND max_completed_share IS NULL)",
        *(f"{k.count_column} > 0" for k in EVENT_KINDS.values() if k.is_endorsement or k.undoes),
    ]
)
"""Condition of the daily rows whose episode is never recommended to their listener again."""


def history_of_window(daily: pa.Table, day: date, settings: Settings) -> Interactions:
    """Returns the interactions of the history window, which the models learn from.

    Args:
        daily: rows of USER_VS_EPISODE_DAILY that include the window; other days are ignored.
        day: last day of the window.
        settings: half-life, and weight of a like.
    """
    window = of_window(daily, day, Settings.history_days)
    return interactions(window, day, settings.half_life_days, settings.weight_like)


def history_until(lake: Lake, daily: pa.Table, day: date, settings: Settings) -> Interactions:
    """Returns the history of the window, with what was heard or unliked before it.

    The earlier days are read from `lake`.
    """
    earlier = lake.read(
        USER_VS_EPISODE_DAILY.name,
        f"day <= '{day - timedelta(days=Settings.history_days)}' AND ({HEARD_OR_UNLIKED})",
        ("user_id", "episode_id"),
    )
    heard: dict[str, set[str]] = {}
    for user, episode in zip(
        earlier["user_id"].to_pylist(), earlier["episode_id"].to_pylist(), strict=True
    ):
        heard.setdefault(user, set()).add(episode)
    return replace(history_of_window(daily, day, settings), heard_before=heard)


def shown_and_clicked(lake: Lake, day: date, settings: Settings) -> pa.Table:
    """Reads the impressions and clicks of a day that count, from USER_EVENTS.

    The daily scores do not have their positions.
    """
    columns = (*INPUTS, "list_version", "position")
    events = lake.read(USER_EVENTS.name, on_days([day], "event_day"), columns)
    counted = bounded_events_sql("events", settings.listener_events_per_day)
    sql = f"""
    SELECT {", ".join(columns)} FROM ({counted}) counted WHERE kind IN ('impression', 'click')
    ORDER BY kafka_partition, kafka_offset
    """
    return duckdb.query(sql, {"events": events})
