"""What is read of listeners: the window that weighs, and what was heard before it."""

from datetime import date, timedelta
from pathlib import Path

from podrec_assets.pipelines.recommend.interaction_history import history_of_window, history_until
from podrec_assets.schemas import USER_VS_EPISODE_DAILY
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake

DAY = date(2026, 11, 10)


def row(days_ago: int, episode: str, share: float | None, **counts: int) -> dict:
    kinds = ("play", "like", "unlike", "skip", "impression", "click")
    zero = {f"{kind}_count": counts.get(kind, 0) for kind in kinds}
    day = DAY - timedelta(days=days_ago)
    return {
        "day": day,
        "user_id": "ann",
        "episode_id": episode,
        "score": 1.0,
        "max_completed_share": share,
        **zero,
    }


def test_what_was_heard_before_the_window_is_barred_and_weighs_nothing(
    tmp_path: Path, settings: Settings
) -> None:
    old = Settings.history_days
    rows = [
        row(0, "now", 0.9, play=1), row(old - 1, "first of the window", 0.9, play=1), row(old, "heard", 0.9, play=1),
        row(old + 500, "liked", None, like=1), row(old, "of unknown length", None, play=1), row(old, "unliked", None, unlike=1),
        row(old, "just begun", 0.01, play=1), row(old, "skipped", None, skip=1),
    ]  # fmt: skip
    lake, daily = Lake(str(tmp_path), tmp_path / "locks"), USER_VS_EPISODE_DAILY.rows(rows)
    lake.replace_days(USER_VS_EPISODE_DAILY, daily, {r["day"] for r in rows})
    history = history_until(lake, daily, DAY, settings)
    assert history.items == ["first of the window", "now"]
    assert history.heard_before == {"ann": {"heard", "liked", "of unknown length", "unliked"}}
    assert history.barred("ann") == {
        "now",
        "first of the window",
        "heard",
        "liked",
        "of unknown length",
        "unliked",
    }
    assert history.barred("nobody") == set()


def test_models_learn_from_the_window_that_ends_with_the_day(settings: Settings) -> None:
    old = settings.half_life_days
    daily = USER_VS_EPISODE_DAILY.rows(
        [
            row(0, "now", 0.9, play=1),
            row(int(old), "older", 0.9, play=1),
            row(Settings.history_days, "too old", 0.9, play=1),
        ]
    )
    history = history_of_window(daily, DAY, settings)
    assert history.recent_plays == {"now": 1.0, "older": 0.5}
    assert history_of_window(daily, DAY - timedelta(days=1), settings).items == ["older", "too old"]
