"""Quality of lists on what was played afterwards, with popularity and random as baselines. Pure."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from podrec_assets.recommend.evaluation import metrics
from podrec_assets.recommend.interactions import Interactions, share_of
from podrec_assets.schemas.listening import HEARD_SHARE

K = 10


def newly_played(history: Interactions, played: pa.Table) -> dict[str, set[str]]:
    """Returns the episodes heard in `played` and not before, by listener of the history.

    Args:
        history: listening up to the day before.
        played: rows of USER_VS_EPISODE_DAILY.
    """
    new: dict[str, set[str]] = {}
    for row in played.select(
        ["user_id", "episode_id", "play_count", "max_completed_share"]
    ).to_pylist():
        user, episode = row["user_id"], row["episode_id"]
        if (
            share_of(row) >= HEARD_SHARE
            and user in history.seen
            and episode not in history.seen[user]
        ):
            new.setdefault(user, set()).add(episode)
    return new


def quality_of_lists(
    lists: dict[str, list[dict]],
    history: Interactions,
    played: pa.Table,
    seed: int,
    similarities: list[dict] | None = None,
    shows: dict[str, str] | None = None,
) -> list[dict]:
    """Returns rows of RECOMMENDATION_QUALITY (without day).

    Args:
        lists: documents of final_recommendations or als_top_n of the day before, by ranker.
        history: what those lists were made from.
        played: USER_VS_EPISODE_DAILY of the day; only episodes new to the listener count.
        seed: of the random ranker and the intervals.
        similarities: documents of similarities, for the diversity within lists; episodes that are
            not neighbours have similarity 0.
        shows: show_id by episode_id, for the concentration on shows; an unknown episode is a show
            of its own.
    """
    relevant = newly_played(history, played)
    users = sorted(relevant)
    if not users:
        return []
    ranked = {
        name: {d["user_id"]: [i["episode_id"] for i in d["items"]] for d in documents}
        for name, documents in lists.items()
    }
    ranked |= _baselines(history, users, seed)
    # Lists also contain episodes that nobody has played yet.
    catalogue = set(history.items).union(
        *(listed for by_user in ranked.values() for listed in by_user.values())
    )
    known = Counter(e for heard in history.seen.values() for e in heard)
    context = _Context(
        catalogue,
        known,
        len(history.users),
        metrics.pair_similarity(similarities or []),
        shows or {},
        seed,
    )
    wanted = [relevant[u] for u in users]
    return [
        row
        for name in sorted(ranked)
        for row in _rows(name, [ranked[name].get(u, []) for u in users], wanted, context)
    ]


def _baselines(history: Interactions, users: list[str], seed: int) -> dict[str, dict]:
    """Lists of unheard episodes in order of popularity and in random order, by ranker and user."""
    popular = sorted(history.items, key=lambda e: (-history.recent_plays.get(e, 0.0), e))
    unheard = {u: [e for e in popular if e not in history.seen[u]] for u in users}
    random = np.random.default_rng(seed)
    shuffled = {u: [unheard[u][i] for i in random.permutation(len(unheard[u]))] for u in users}
    return {"popularity": unheard, "random": shuffled}


@dataclass(frozen=True)
class _Context:
    """What the lists of every ranker are measured against."""

    catalogue: set[str]
    known: Counter[str]
    listener_count: int
    similarity: dict[tuple[str, str], float]
    shows: dict[str, str]
    seed: int


def _rows(
    ranker: str, lists: list[list[str]], relevant: list[set[str]], context: _Context
) -> list[dict]:
    pairs = list(zip(lists, relevant, strict=True))
    by_metric = {
        f"ndcg@{K}": [metrics.ndcg_at_k(ranked, wanted, K) for ranked, wanted in pairs],
        f"recall@{K}": [metrics.recall_at_k(ranked, wanted, K) for ranked, wanted in pairs],
        f"mrr@{K}": [metrics.mrr_at_k(ranked, wanted, K) for ranked, wanted in pairs],
        "novelty": [
            metrics.novelty(ranked[:K], context.known, context.listener_count) for ranked in lists
        ],
        "diversity": [metrics.diversity(ranked[:K], context.similarity) for ranked in lists],
    }
    shown = Counter(context.shows.get(e, e) for ranked in lists for e in ranked[:K])
    shows = {context.shows.get(e, e) for e in context.catalogue}
    of_all = {
        "coverage": metrics.coverage(lists, K, len(context.catalogue)),
        "show_gini": metrics.gini(np.array([shown[s] for s in sorted(shows)])),
    }
    rows = []
    for metric, values in by_metric.items():
        low, high = metrics.bootstrap_interval(values, context.seed)
        rows.append(_row(ranker, metric, float(np.mean(values)), low, high, len(values)))
    return rows + [
        _row(ranker, metric, value, value, value, len(lists)) for metric, value in of_all.items()
    ]


def click_through(shown: pa.Table, seed: int) -> list[dict]:
    """Returns a row of RECOMMENDATION_QUALITY (without day): clicks over impressions of lists.

    No row without impressions. The interval is over listeners, because the impressions of one
    listener are not independent.

    Args:
        shown: impressions and clicks of USER_EVENTS; those without a list_version are ignored.
        seed: of the interval.
    """
    table = _impressions_and_clicks(shown)
    if not len(table):
        return []
    draws = np.random.default_rng(seed).integers(0, len(table), (500, len(table)))
    sums = table[draws].sum(axis=1)
    low, high = np.quantile(sums[:, 1] / sums[:, 0], [0.025, 0.975])
    value = float(table[:, 1].sum() / table[:, 0].sum())
    return [
        _row(
            "blend",
            "click_through",
            value,
            min(float(low), value),
            max(float(high), value),
            len(table),
        )
    ]


def _impressions_and_clicks(shown: pa.Table) -> np.ndarray:
    """(listeners with impressions, 2) impressions and clicks in published lists."""
    # A set: an event that was delivered twice counts once.
    events = {
        (r["user_id"], r["kind"], r["event_id"])
        for r in shown.to_pylist()
        if r["list_version"] is not None
    }
    counts: dict[str, list[int]] = {}
    for user, kind, _ in sorted(events):
        counts.setdefault(user, [0, 0])[kind == "click"] += 1
    table = np.array([c for c in counts.values() if c[0]], dtype=float).reshape(-1, 2)
    # A click on an item shown the day before has no impression here: keep the rate at most 1.
    table[:, 1] = np.minimum(table[:, 1], table[:, 0])
    return table


def _row(ranker: str, metric: str, value: float, low: float, high: float, users: int) -> dict:
    return {
        "ranker": ranker,
        "metric": metric,
        "value": value,
        "low": low,
        "high": high,
        "user_count": users,
    }
