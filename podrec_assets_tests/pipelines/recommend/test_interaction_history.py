"""What is read of listeners: the history window, and what was heard before it."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from podrec_assets.pipelines.recommend.interaction_history import history_of_window, history_until
from podrec_assets.schemas import EVENT_KINDS, USER_VS_EPISODE_DAILY
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake

DAY = date(2026, 11, 10)


def row(days_ago: int, episode: str, completed_share: float | None, **counts: int) -> dict:
    zero = {f"{kind}_count": counts.get(kind, 0) for kind in EVENT_KINDS}
    day = DAY - timedelta(days=days_ago)
    return {
        "day": day,
        "user_id": "ann",
        "episode_id": episode,
        "score": 1.0,
        "max_completed_share": completed_share,
        **zero,
    }


def test_what_was_heard_before_the_window_is_excluded_and_weighs_nothing(
    tmp_path: Path, settings: Settings
) -> None:
    old = Settings.history_days
    rows = [
        row(0, "now", 0.9, play=1),
        row(old - 1, "first of the window", 0.9, play=1),
        row(old, "heard", 0.9, play=1),
        row(old + 500, "liked", None, like=1),
        row(old, "of unknown length", None, play=1),
        row(old, "unliked", None, unlike=1),
        row(old, "shared", None, share=1),
        row(old, "just begun", 0.01, play=1),
        row(old, "skipped", None, skip=1),
    ]
    lake, daily = Lake(str(tmp_path), tmp_path / "locks"), USER_VS_EPISODE_DAILY.rows(rows)
    lake.replace_days(USER_VS_EPISODE_DAILY, daily, {r["day"] for r in rows})
    history = history_until(lake, daily, DAY, settings)
    assert history.items == ["first of the window", "now"]
    earlier = {"heard", "liked", "of unknown length", "shared", "unliked"}
    assert history.heard_before == {"ann": earlier}
    assert history.excluded("ann") == {"now", "first of the window"} | earlier
    assert history.excluded("nobody") == set()


def test_a_table_written_before_a_kind_existed_is_read_as_without_it(
    tmp_path: Path, settings: Settings
) -> None:
    lake, daily = Lake(str(tmp_path), tmp_path / "locks"), USER_VS_EPISODE_DAILY
    first = DAY - timedelta(days=Settings.history_days)
    old = replace(daily, schema=daily.schema.remove(daily.schema.get_field_index("share_count")))
    rows = daily.rows([row(Settings.history_days, "heard", 0.9, play=1)])
    lake.replace_days(old, rows.drop_columns("share_count"), [first])
    history = history_until(lake, daily.empty(), DAY, settings)
    assert history.heard_before == {"ann": {"heard"}}
    assert lake.read(daily.name)["share_count"].to_pylist() == [None]
    assert lake.read(daily.name, "coalesce(share_count, 0) >= 0").num_rows == 1


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
