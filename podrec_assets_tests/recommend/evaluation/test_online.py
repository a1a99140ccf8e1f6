"""Quality of lists on later plays that were new to the listener, next to popularity and random."""

from datetime import date

import numpy as np
import pytest

from podrec_assets.recommend.evaluation.online import click_through, quality_of_lists
from podrec_assets.recommend.interactions import Interactions
from podrec_assets.schemas import RECOMMENDATION_QUALITY, USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets_tests.recommend.planted import history_of

DAY = date(2026, 11, 2)


@pytest.fixture
def history() -> Interactions:
    """Of two listeners ann heard e1, bob e2; e3 is the most popular, then e2, e1, e4."""
    history = history_of({"ann": {"e1": 1.0}, "bob": {"e2": 1.0}}, items="e3 e4")
    history.recent_plays.update({"e3": 5.0, "e2": 2.0, "e1": 1.0})
    return history


def lists(**episodes: str) -> list[dict]:
    return [
        {
            "user_id": user,
            "items": [{"rank": n, "episode_id": e} for n, e in enumerate(listed.split(), start=1)],
        }
        for user, listed in episodes.items()
    ]


def quality(
    history: Interactions, blend: list[dict], *played: tuple[str, str, float | None], seed: int = 7
) -> dict:
    """Returns the rows by ranker and metric."""
    names = ("user_id", "episode_id", "max_completed_share")
    table = USER_VS_EPISODE_DAILY.rows(
        {"day": DAY} | dict(zip(names, row, strict=True)) for row in played
    )
    return {
        (r["ranker"], r["metric"]): r
        for r in quality_of_lists({"blend": blend}, history, table, seed)
    }


def test_the_metrics_of_a_list_follow_from_the_ranks(history: Interactions) -> None:
    rows = quality(history, lists(ann="e3 e4", bob="e4 e1"), ("ann", "e3", 0.9), ("bob", "e1", 0.2))
    assert rows["blend", "ndcg@10"]["value"] == pytest.approx((1 + 1 / np.log2(3)) / 2)
    assert rows["blend", "recall@10"]["value"] == 1.0
    assert rows["blend", "coverage"]["value"] == 3 / 4
    assert rows["blend", "ndcg@10"]["user_count"] == 2


def test_popularity_ranks_the_most_played_episodes_that_the_listener_has_not_heard(
    history: Interactions,
) -> None:
    """For ann that is e3, e2, e4; for bob e3, e1, e4."""
    rows = quality(history, lists(ann="e4", bob="e4"), ("ann", "e2", 0.9), ("bob", "e4", 0.9))
    assert rows["popularity", "ndcg@10"]["value"] == pytest.approx((1 / np.log2(3) + 1 / 2) / 2)
    assert rows["popularity", "coverage"]["value"] == 1.0
    assert rows["blend", "ndcg@10"]["value"] == 0.5


def test_only_plays_of_a_fifth_or_more_and_new_to_the_listener_count(history: Interactions) -> None:
    rows = quality(
        history,
        lists(ann="e4 e3", bob="e4"),
        ("ann", "e4", 0.5),
        ("ann", "e1", 1.0),
        ("ann", "e2", 0.19),
        ("bob", "e3", None),
    )
    assert rows["blend", "recall@10"]["value"] == 1.0
    assert rows["blend", "recall@10"]["user_count"] == 1


def test_only_the_first_ten_count(history: Interactions) -> None:
    late = " ".join(f"x{n}" for n in range(10)) + " e3"
    rows = quality(history, lists(ann=late), ("ann", "e3", 0.9))
    assert rows["blend", "recall@10"]["value"] == 0.0
    assert rows["blend", "ndcg@10"]["value"] == 0.0


def test_a_listener_without_a_list_counts_as_a_miss(history: Interactions) -> None:
    rows = quality(history, lists(ann="e3"), ("ann", "e3", 0.9), ("bob", "e3", 0.9))
    assert rows["blend", "recall@10"]["value"] == 0.5


def test_coverage_never_exceeds_one_although_lists_contain_unplayed_episodes(
    history: Interactions,
) -> None:
    rows = quality(history, lists(ann="n1 n2 n3 n4 n5 n6"), ("ann", "e3", 0.9))
    assert rows["blend", "coverage"]["value"] == 6 / 10
    assert rows["popularity", "coverage"]["value"] == 3 / 10


def test_each_ranker_has_each_metric_with_an_interval_and_rows_fit_the_table(
    history: Interactions,
) -> None:
    rows = quality(history, lists(ann="e3", bob="e4"), ("ann", "e3", 0.9), ("bob", "e1", 0.9))
    names = ("coverage", "diversity", "mrr@10", "ndcg@10", "novelty", "recall@10", "show_gini")
    assert sorted(rows) == [(r, m) for r in ("blend", "popularity", "random") for m in names]
    assert all(r["low"] <= r["value"] <= r["high"] for r in rows.values())
    assert (rows["blend", "ndcg@10"]["low"], rows["blend", "ndcg@10"]["high"]) == (0.0, 1.0)
    assert len(RECOMMENDATION_QUALITY.rows({**r, "day": DAY} for r in rows.values())) == 21
    assert all(0 <= r["value"] <= 1 for r in rows.values())


def test_the_same_seed_gives_the_same_rows_and_random_depends_on_it() -> None:
    many = history_of({"ann": {"e00": 1.0}}, items=" ".join(f"e{n:02}" for n in range(40)))
    runs = [
        quality(many, lists(ann="e01"), ("ann", "e01", 0.9), seed=s) for s in (7, 7, *range(20))
    ]
    assert runs[0] == runs[1]
    assert len({run["random", "ndcg@10"]["value"] for run in runs}) > 1


def test_random_ranks_only_episodes_that_the_listener_has_not_heard(history: Interactions) -> None:
    rows = quality(history, lists(ann="e3"), *(("ann", e, 0.9) for e in ("e2", "e3", "e4")))
    assert rows["random", "recall@10"]["value"] == 1.0
    assert rows["random", "ndcg@10"]["value"] == pytest.approx(1.0)
    assert rows["random", "coverage"]["value"] == 3 / 4


@pytest.mark.parametrize(
    "played", [(), (("ann", "e1", 1.0),), (("unknown", "e3", 1.0),), (("ann", "e3", 0.1),)]
)
def test_a_day_without_new_plays_by_known_listeners_has_no_rows(
    history: Interactions, played: tuple
) -> None:
    assert quality(history, lists(ann="e3"), *played) == {}


def test_lists_of_one_show_are_concentrated_and_lists_of_neighbours_lack_diversity(
    history: Interactions,
) -> None:
    table = USER_VS_EPISODE_DAILY.rows(
        [{"day": DAY, "user_id": "ann", "episode_id": "e3", "max_completed_share": 0.9}]
    )
    near = [{"episode_id": "e4", "items": [{"episode_id": "e3", "score": 0.5}]}]
    shows = {"e1": "other", "e2": "other", "e3": "s", "e4": "s"}
    results = quality_of_lists({"blend": lists(ann="e3 e4")}, history, table, 7, near, shows)
    rows = {(r["ranker"], r["metric"]): r["value"] for r in results}
    assert rows["blend", "diversity"] == 0.5
    assert rows["blend", "show_gini"] == 0.5
    # One of two listeners knows e1 and e2, nobody e3 and e4: -log2(1/2) / log2(2).
    assert rows["blend", "novelty"] == 1.0


def shown(*events: tuple[str, str, str | None]) -> list[dict]:
    rows = [
        {"user_id": u, "kind": k, "list_version": v, "event_id": str(n)}
        for n, (u, k, v) in enumerate(events)
    ]
    return click_through(USER_EVENTS.rows([*rows, rows[0]]), 7)


def test_click_through_counts_events_of_published_lists_once() -> None:
    ann = [("ann", "impression", "v1")] * 3 + [("ann", "click", "v1")] * 2
    bob = [("bob", "impression", "v1")] * 5 + [("bob", "impression", None), ("bob", "click", None)]
    (row,) = shown(*ann, *bob)
    assert (row["ranker"], row["metric"], row["value"], row["user_count"]) == (
        "blend",
        "click_through",
        0.25,
        2,
    )
    assert (row["low"], row["high"]) == (0.0, pytest.approx(2 / 3))


def test_without_impressions_of_lists_there_is_no_click_through() -> None:
    assert shown(("ann", "impression", None), ("bob", "click", "v1")) == []
