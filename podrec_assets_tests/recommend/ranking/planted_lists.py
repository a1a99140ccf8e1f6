"""Builders of small catalogues, models and histories, and the lists that they give."""

from datetime import UTC, date, datetime, timedelta

from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking.inputs import BlendConfig, RankingInputs
from podrec_assets.recommend.ranking.interleaving import Experiment
from podrec_assets.recommend.ranking.lists import recommend
from podrec_assets.schemas import EPISODES
from podrec_assets_tests.recommend.planted import history_of

TODAY = date(2026, 11, 10)
MIDNIGHT = datetime(2026, 11, 11, tzinfo=UTC)
WIDE = BlendConfig(
    list_length=20, per_show_cap=20, prior_weight=0.5, diversity=0.0, dead_show_days=10_000
)


def episode(name: str, show: str = "", age_days: float = 400, **other: object) -> dict:
    """Returns a row of EPISODES, by default of a show of its own.

    The age counts from the end of today.
    """
    show = show or f"of {name}"
    published = MIDNIGHT - timedelta(days=age_days)
    named = {
        "episode_id": name,
        "show_id": show,
        "show_title": f"Show {show}",
        "title": f"Title {name}",
    }
    return {"day": TODAY, "published_at": published, "is_serial": False} | named | other


def near(**neighbours: dict[str, float]) -> list[dict]:
    """Returns documents of similarities from scores by episode and neighbour."""
    passage = {"here_s": 12.0, "here_text": "its own", "there_s": 61.0, "there_text": "the passage"}
    return [
        {
            "episode_id": e,
            "items": [{"episode_id": other, "score": s, **passage} for other, s in scores.items()],
        }
        for e, scores in neighbours.items()
    ]


def als(because: str | None = None, listeners: int = 0, **scores: float) -> list[dict]:
    """Returns the ALS document of ann."""
    cause = {"because": because, "listener_count": listeners}
    return [
        {
            "user_id": "ann",
            "items": [{"episode_id": e, "score": s, **cause} for e, s in scores.items()],
        }
    ]


def listener(finished: str = "h", heard: str = "", unliked: str = "") -> Interactions:
    """Returns the history of ann, who heard or finished the given episodes."""
    known = set(finished.split()) | set(heard.split())
    history = history_of({"ann": dict.fromkeys(known, 1.0)})
    history.finished["ann"].update(dict.fromkeys(finished.split(), 1.0))
    history.unliked["ann"].update(unliked.split())
    return history


def lists(
    history: Interactions,
    als: list,
    similarities: list,
    episodes: list,
    alpha: float,
    config: BlendConfig = WIDE,
    experiment: Experiment | None = None,
    withdrawn: frozenset[str] = frozenset(),
) -> dict:
    """Returns the items of the lists by listener."""
    weights = [{"min_history": 0, "alpha": alpha}]
    inputs = RankingInputs(history, als, similarities, EPISODES.rows(episodes), TODAY, withdrawn)
    documents = recommend(inputs, weights, config, experiment)
    return {d["user_id"]: d["items"] for d in documents}


def scores(items: list[dict]) -> dict[str, float]:
    return {i["episode_id"]: i["score"] for i in items}


def crowd(**plays: int) -> Interactions:
    """Returns ann, who heard h, and others: this many of them finished each of the episodes."""
    heard = {
        f"u{n}": {e: 1.0 for e, count in plays.items() if n < count}
        for n in range(max(plays.values()))
    }
    history = history_of({"ann": {"h": 1.0}} | heard)
    for user, episodes in heard.items():
        history.finished[user].update(episodes)
    history.recent_plays.update({e: float(n) for e, n in plays.items()})
    return history
