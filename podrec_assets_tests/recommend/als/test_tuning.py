"""The search for ALS settings on planted tastes: what is tried and chosen, and when it stops."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from podrec_assets.recommend.als import implicit
from podrec_assets.recommend.als.factors import AlsConfig
from podrec_assets.recommend.als.tuning import Budget, TuningTrial, adoption, trials, tune
from podrec_assets.schemas import ALS_TUNING, USER_VS_EPISODE_DAILY

TODAY = date(2026, 11, 10)
GOOD = TuningTrial(AlsConfig(rank=8, regularization=0.1, alpha=1.0, iterations=8, seed=7), 45.0)
POOR = replace(GOOD, config=replace(GOOD.config, regularization=50.0, alpha=0.001))
BUDGET = Budget(trials=5, seconds=1e9, held_out_days=3)
TASTES, EACH = 4, 12


def listening(listeners: int = 100, after: bool = True) -> pa.Table:
    """Returns plays of eight episodes of a taste five days ago, and of the others if `after`."""
    random = np.random.default_rng(4)
    rows = []
    for n in range(listeners):
        order = random.permutation(EACH).tolist()
        for ago, places in ((5, order[:8]), (1, order[8:] if after else [])):
            rows += [
                {
                    "day": TODAY - timedelta(days=ago),
                    "user_id": f"u{n:03}",
                    "episode_id": f"{n % TASTES}-{place:02}",
                    "score": 3.0,
                    "play_count": 1,
                    "like_count": 0,
                    "unlike_count": 0,
                    "max_completed_share": 0.9,
                }
                for place in places
            ]
    return USER_VS_EPISODE_DAILY.rows(rows)


def search(
    current: TuningTrial = GOOD, budget: Budget = BUDGET, daily: pa.Table | None = None
) -> list[dict]:
    return tune(listening() if daily is None else daily, TODAY, current, implicit.fit, budget, 2.0)


def test_the_current_settings_are_tried_first_and_the_seed_draws_the_others() -> None:
    drawn = trials(GOOD, 10)
    assert drawn[0] == GOOD
    assert len({(t.config, t.half_life_days) for t in drawn}) == 10
    assert drawn == trials(GOOD, 20)[:10]
    other = replace(GOOD, config=replace(GOOD.config, seed=8))
    assert [(t.config.rank, t.config.alpha) for t in trials(other, 10)] != [
        (t.config.rank, t.config.alpha) for t in drawn
    ]
    assert len(trials(GOOD, 1000)) == 144 + (GOOD not in trials(POOR, 1000))


def test_settings_that_recover_planted_tastes_beat_popularity_by_far_and_are_kept() -> None:
    rows = search()
    popularity, current = rows[:2]
    assert (popularity["ranker"], current["user_count"]) == ("popularity", 100)
    assert current["ndcg"] > 0.9
    assert popularity["ndcg"] < 0.5
    assert current["ndcg_low"] <= current["ndcg"] <= current["ndcg_high"]
    assert (
        [r["trial"] for r in rows if r["is_chosen"]]
        == [r["trial"] for r in rows if r["is_current"]]
        == [1]
    )
    assert adoption(rows).startswith("Keep")


def test_settings_that_miss_the_tastes_are_replaced_by_a_trial_that_finds_them() -> None:
    rows = search(POOR)
    (chosen,) = (r for r in rows if r["is_chosen"])
    assert chosen["trial"] > 1
    assert chosen["ndcg_low"] > rows[1]["ndcg_high"]
    assert adoption(rows) == (
        f"PODREC_ALS_RANK={chosen['als_rank']} "
        f"PODREC_ALS_REGULARIZATION={chosen['als_regularization']:g} "
        f"PODREC_ALS_ALPHA={chosen['als_alpha']:g} "
        f"PODREC_HALF_LIFE_DAYS={chosen['half_life_days']:g}"
    )


def test_too_few_listeners_change_nothing() -> None:
    rows = search(POOR, daily=listening(listeners=40))
    assert max(r["ndcg"] for r in rows[2:]) > rows[1]["ndcg_high"]
    assert rows[1]["is_chosen"]


def test_the_same_search_gives_the_same_rows_except_for_the_seconds() -> None:
    first, again = ([r | {"seconds": 0.0} for r in search()] for _ in range(2))
    assert first == again
    assert ALS_TUNING.rows({**r, "day": TODAY} for r in first).num_rows == 6


@pytest.mark.parametrize(("seconds", "trial_count"), [(0.0, 1), (30.0, 3), (1000.0, 5)])
def test_a_search_stops_between_trials_when_time_is_up_but_always_tries_the_current_settings(
    seconds: float, trial_count: int
) -> None:
    """The clock advances by 5 s per reading: two readings for the first trial, then three each."""
    ticks = iter(range(0, 10_000, 5))
    rows = tune(
        listening(),
        TODAY,
        GOOD,
        implicit.fit,
        replace(BUDGET, seconds=seconds),
        2.0,
        lambda: float(next(ticks)),
    )
    assert sum(r["ranker"] == "als" for r in rows) == trial_count
    assert sum(r["is_chosen"] for r in rows) == 1


@pytest.mark.parametrize(
    "daily",
    [listening(after=False), USER_VS_EPISODE_DAILY.empty()],
    ids=["nothing after", "nothing"],
)
def test_without_new_plays_there_are_no_rows_and_the_advice_says_so(daily: pa.Table) -> None:
    assert search(daily=daily) == []
    assert adoption([]).startswith("Nothing new was played in the days held out")
