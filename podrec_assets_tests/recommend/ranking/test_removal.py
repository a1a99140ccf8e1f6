"""A reason claims a cause: without the named episode the item must score less.

All models are recomputed without it.
"""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als import reference
from podrec_assets.recommend.als.top_n import top_n
from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking.inputs import BlendConfig, RankingInputs
from podrec_assets.recommend.ranking.lists import recommend
from podrec_assets.schemas import EPISODES
from podrec_assets_tests.recommend.planted import CONFIG, history_of

DAY = date(2026, 11, 1)
SHAPE = BlendConfig(20, 20, 0.5, 0.0, 10_000)
GENRES, EACH = 3, 8


def world() -> Interactions:
    """Returns thirty listeners who each heard most of one genre and some of the others."""
    random, scores = np.random.default_rng(5), {}
    for n in range(30):
        chance = np.where(np.arange(GENRES * EACH) // EACH == n % GENRES, 0.6, 0.1)
        heard = np.flatnonzero(random.random(GENRES * EACH) < chance)
        scores[f"u{n:02}"] = {f"e{i:02}": 1.0 + float(random.random()) for i in heard}
    history = history_of(scores)
    for user in history.users:
        history.finished[user].update(dict.fromkeys(history.seen[user], 1.0))
    return history


def near() -> list[dict]:
    """Returns documents of similarities: episodes of a genre are similar, each pair by chance."""
    random = np.random.default_rng(6)
    passage = {"here_s": 1.0, "here_text": "a", "there_s": 2.0, "there_text": "b"}
    return [
        {
            "episode_id": f"e{i:02}",
            "items": [
                {"episode_id": f"e{j:02}", "score": float(random.uniform(0.3, 0.9)), **passage}
                for j in range(GENRES * EACH)
                if j != i and j // EACH == i // EACH
            ],
        }
        for i in range(GENRES * EACH)
    ]


def documents(history: Interactions, alpha: float) -> dict[str, list[dict]]:
    """Returns the lists by listener, with all models recomputed."""
    als = list(top_n(reference.fit(history.matrix, CONFIG), history, CONFIG, 50))
    rows = [
        {
            "day": DAY,
            "episode_id": f"e{i:02}",
            "show_id": f"s{i}",
            "show_title": "S",
            "title": f"T{i}",
            "is_serial": False,
            "published_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
        for i in range(GENRES * EACH)
    ]
    inputs = RankingInputs(history, als, near(), EPISODES.rows(rows), DAY)
    lists = recommend(inputs, [{"min_history": 0, "alpha": alpha}], SHAPE)
    return {d["user_id"]: d["items"] for d in lists}


def score_falls(history: Interactions, user: str, named: dict, cause: str, alpha: float) -> bool:
    """Whether an item scores less in the list recomputed without its cause."""
    recomputed = documents(without(history, user, cause), alpha)[user]
    return (
        next(i["score"] for i in recomputed if i["episode_id"] == named["episode_id"])
        < named["score"]
    )


def without(history: Interactions, user: str, episode: str) -> Interactions:
    """Returns the history as if the listener had never heard the episode."""
    dense = history.matrix.toarray()
    dense[history.users.index(user), history.items.index(episode)] = 0.0
    return replace(
        history,
        matrix=csr_matrix(dense),
        seen=history.seen | {user: history.seen[user] - {episode}},
        finished=history.finished
        | {user: {e: s for e, s in history.finished[user].items() if e != episode}},
    )


@pytest.mark.parametrize(("arm", "alpha"), [("als", 1.0), ("content", 0.0)])
def test_without_the_named_episode_the_item_scores_less(arm: str, alpha: float) -> None:
    history = world()
    lists = documents(history, alpha)
    for user in history.users[:5]:
        assert score_falls(history, user, lists[user][0], lists[user][0]["causes"][arm], alpha), (
            user
        )


def test_in_a_blend_most_named_items_score_less_without_their_episode() -> None:
    """The other arm may rise if the episode was the listener's largest: here 11 of 13 fall."""
    history = world()
    lists = documents(history, 0.5)
    fell = [
        score_falls(history, u, lists[u][0], c, 0.5)
        for u in history.users[:10]
        for c in set(lists[u][0]["causes"].values())
    ]
    assert len(fell) > 10
    assert sum(fell) / len(fell) >= 0.8
