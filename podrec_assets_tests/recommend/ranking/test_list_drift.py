"""The comparisons of the gate on planted lists: each measures its value and enforces its bound."""

from datetime import UTC, date, datetime

import pytest

from podrec_assets.recommend.ranking.list_drift import (
    CHURN,
    COMPARISONS,
    COVERAGE,
    POPULARITY,
    QUALITY,
    Bounds,
    DriftBaseline,
    Lists,
    comparisons,
)
from podrec_assets.recommend.ranking.list_validation import GateResult
from podrec_assets.schemas import USER_VS_EPISODE_DAILY
from podrec_assets_tests.recommend.planted import history_of

BOUNDS = Bounds(min_coverage=0.5, max_churn=0.5, max_popularity_drift=0.25, min_listeners=4, seed=7)
USERS = [f"u{n}" for n in range(8)]
CATALOGUE = {f"e{n}" for n in range(8)}
AFTER = date(2026, 11, 2)


def baseline(
    served: Lists | None, played: dict[str, str] | None = None, why_not: str = ""
) -> DriftBaseline:
    """Everybody heard only e0; e1 and e2 are the most played, and nobody played e7."""
    history = history_of({u: {"e0": 1.0} for u in USERS})
    history.recent_plays.update({f"e{n}": float(10 - n) for n in range(1, 7)})
    rows = [
        {
            "day": AFTER,
            "user_id": u,
            "episode_id": e,
            "score": 3.0,
            "play_count": 1,
            "max_completed_share": 0.9,
            "last_at": datetime(2026, 11, 2, tzinfo=UTC),
        }
        for u, e in (played or {}).items()
    ]
    return DriftBaseline(history, CATALOGUE, served, why_not, USER_VS_EPISODE_DAILY.rows(rows))


def all_get(*episodes: str) -> Lists:
    return {"": list(episodes), **{u: list(episodes) for u in USERS}}


def compare(lists: Lists, compared_with: DriftBaseline) -> dict[str, GateResult]:
    documents = [
        {"user_id": u, "items": [{"episode_id": e} for e in listed]} for u, listed in lists.items()
    ]
    return {f.check: f for f in comparisons(documents, compared_with, BOUNDS)}


def test_coverage_is_distinct_episodes_over_the_most_that_could_be_listed() -> None:
    result = compare(all_get("e1", "e2"), baseline(None))[COVERAGE]
    assert (result.passed, result.value, result.bound, result.forceable) == (
        False,
        2 / 8,
        0.5,
        True,
    )
    assert result.says == "lists hold 0.250 of the episodes that they could; the bound is 0.5"
    assert compare(all_get("e1", "e2", "e3", "e4"), baseline(None))[COVERAGE].passed
    assert compare({"": ["e1"], "u0": ["e2"]}, baseline(None))[COVERAGE].value == 1


def test_without_a_served_version_nothing_is_compared_and_the_reason_is_given() -> None:
    results = compare(all_get("e1"), baseline(None, why_not="nothing is published yet"))
    assert [(results[c].passed, results[c].says) for c in COMPARISONS[1:]] == [
        (True, "not compared: nothing is published yet")
    ] * 3


def test_identical_lists_do_not_drift() -> None:
    lists = all_get("e1", "e2", "e3", "e4")
    results = compare(lists, baseline(lists, dict.fromkeys(USERS, "e2")))
    assert [results[c].passed for c in COMPARISONS] == [True] * 4
    assert [results[c].value for c in COMPARISONS[1:]] == [0, 0, 0]


def test_churn_counts_unheard_episodes_that_are_still_available() -> None:
    """Four served episodes could stay (e0 is heard, e9 is gone from the catalogue); e4 does."""
    served = all_get("e0", "e9", "e1", "e2", "e3", "e4")
    result = compare(all_get("e4", "e5"), baseline(served))[CHURN]
    assert (result.passed, result.value) == (False, 0.75)
    assert result.says == (
        "0.750 of the unheard episodes shown to 8 listeners left their lists; the bound is 0.5"
    )
    assert compare(all_get("e4", "e3"), baseline(served))[CHURN].passed
    long_ago = baseline(served)
    long_ago.history.heard_before.update({u: {"e1", "e2"} for u in USERS})
    assert compare(all_get("e4", "e5"), long_ago)[CHURN].value == 0.5


def test_popularity_drift_is_the_change_of_the_mean_popularity_rank() -> None:
    """The most played of six has rank 1, the least played 1/6, an unplayed one 0."""
    result = compare(all_get("e7", "e6"), baseline(all_get("e1", "e2")))[POPULARITY]
    assert result.value == pytest.approx((1 + 5 / 6) / 2 - (0 + 1 / 6) / 2)
    assert not result.passed
    assert "goes from 0.917 to 0.083; the bound is 0.25" in result.says
    assert compare(all_get("e2", "e3"), baseline(all_get("e1", "e2")))[POPULARITY].passed


def test_lists_that_rank_later_plays_significantly_lower_are_refused() -> None:
    played = dict.fromkeys(USERS, "e1")
    worse = compare(all_get("e3", "e2", "e1"), baseline(all_get("e1", "e2", "e3"), played))[QUALITY]
    assert (worse.passed, worse.value) == (False, -0.5)
    assert worse.says.startswith(
        "nDCG@10 on the later plays of 8 listeners is 0.500, of the served lists 1.000"
    )
    better = compare(all_get("e1", "e2", "e3"), baseline(all_get("e3", "e2", "e1"), played))[
        QUALITY
    ]
    assert (better.passed, better.value) == (True, 0.5)


def test_a_loss_within_noise_is_not_refused() -> None:
    """Two of eight lose half and one gains half, so the interval includes 0."""
    played = dict.fromkeys(USERS, "e1")
    served = all_get("e1", "e2", "e3") | {"u0": ["e3", "e2", "e1"]}
    lists = all_get("e1", "e2", "e3") | {u: ["e3", "e2", "e1"] for u in ("u1", "u2")}
    result = compare(lists, baseline(served, played))[QUALITY]
    assert result.passed
    assert result.value is not None
    assert result.value > 0


def test_with_few_listeners_nothing_is_compared() -> None:
    played = dict.fromkeys(USERS[:3], "e1")
    result = compare(all_get("e3", "e2", "e1"), baseline(all_get("e1", "e2", "e3"), played))[
        QUALITY
    ]
    assert (result.passed, result.says) == (
        True,
        "not compared: 3 listeners to compare, 4 needed",
    )
    others = {"": ["e1"], **{f"other-{n}": ["e1"] for n in range(9)}}
    assert "0 listeners to compare" in compare(others, baseline(all_get("e1")))[CHURN].says
