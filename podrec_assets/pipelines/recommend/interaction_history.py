"""What the lake holds of listeners up to a day: the window that models learn from, and what was
heard before it.
"""

from dataclasses import replace
from datetime import date, timedelta

import pyarrow as pa

from podrec_assets.day_windows import of_window
from podrec_assets.recommend.interactions import Interactions, interactions
from podrec_assets.schemas import USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.schemas.listening import HEARD_SHARE
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake


def history_of_window(daily: pa.Table, day: date, settings: Settings) -> Interactions:
    """Interactions of the history window that ends with the day: what models learn from.

    Args:
        daily: rows of USER_VS_EPISODE_DAILY that hold the window; those of other days are left out.
        day: the last day.
        settings: half-life.
    """
    return interactions(of_window(daily, day, Settings.history_days), day, settings.half_life_days)


def history_until(lake: Lake, daily: pa.Table, day: date, settings: Settings) -> Interactions:
    """The history of the window, and whatever was heard or unliked earlier; `lake` is where earlier
    days are read.
    """
    earlier = lake.read(
        USER_VS_EPISODE_DAILY.name,
        f"day <= '{day - timedelta(days=Settings.history_days)}' AND (max_completed_share >= {HEARD_SHARE} OR like_count > 0 "
        "OR unlike_count > 0 OR (play_count > 0 AND max_completed_share IS NULL))",
        ("user_id", "episode_id"),
    )
    heard: dict[str, set[str]] = {}
    for user, episode in zip(
        earlier["user_id"].to_pylist(), earlier["episode_id"].to_pylist(), strict=True
    ):
        heard.setdefault(user, set()).add(episode)
    return replace(history_of_window(daily, day, settings), heard_before=heard)


def shown_and_clicked(lake: Lake, day: date) -> pa.Table:
    """Impressions and clicks that happened on a day, rows of USER_EVENTS; the daily scores do not
    tell at which position.
    """
    return lake.read(USER_EVENTS.name, f"event_day = '{day}' AND kind IN ('impression', 'click')")
