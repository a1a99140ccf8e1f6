"""How good lists were, on what was then played, beside popularity and random. Pure."""

import numpy as np
import pyarrow as pa

from podrec_assets.recommend import metrics
from podrec_assets.recommend.interactions import HEARD_SHARE, Interactions, share_of

K = 10


def newly_played(history: Interactions, played: pa.Table) -> dict[str, set[str]]:
    """By listener of the history, the episodes heard in `played` (USER_VS_EPISODE_DAILY) and not before."""
    found: dict[str, set[str]] = {}
    for row in played.select(["user_id", "episode_id", "play_count", "max_completed_share"]).to_pylist():
        user, episode = row["user_id"], row["episode_id"]
        if share_of(row) >= HEARD_SHARE and user in history.seen and episode not in history.seen[user]:
            found.setdefault(user, set()).add(episode)
    return found


def quality_of_lists(lists: dict[str, list[dict]], history: Interactions, played: pa.Table, seed: int) -> list[dict]:
    """Rows of RECOMMENDATION_QUALITY (without day).

    Args:
        lists: by ranker, documents of final_recommendations or als_top_n of the day before.
        history: what those lists were made from.
        played: USER_VS_EPISODE_DAILY of the day; only episodes new to the listener count.
        seed: of the random ranker and the intervals.
    """
    relevant = newly_played(history, played)
    users = sorted(relevant)
    if not users:
        return []
    ranked = {name: {d["user_id"]: [i["episode_id"] for i in d["items"]] for d in documents} for name, documents in lists.items()}
    popular = sorted(history.items, key=lambda e: (-history.recent_plays.get(e, 0.0), e))
    random = np.random.default_rng(seed)
    left = {u: [e for e in popular if e not in history.seen[u]] for u in users}
    ranked["popularity"] = left
    ranked["random"] = {u: [left[u][i] for i in random.permutation(len(left[u]))] for u in users}
    wanted = [relevant[u] for u in users]
    # Lists also hold episodes that nobody has played yet.
    size = len(set(history.items).union(*(listed for by_user in ranked.values() for listed in by_user.values())))
    return [row for name in sorted(ranked) for row in _rows(name, [ranked[name].get(u, []) for u in users], wanted, size, seed)]


def _rows(ranker: str, lists: list[list[str]], relevant: list[set[str]], size: int, seed: int) -> list[dict]:
    pairs = list(zip(lists, relevant, strict=True))
    by_metric = {
        f"ndcg@{K}": [metrics.ndcg_at_k(ranked, wanted, K) for ranked, wanted in pairs],
        f"recall@{K}": [metrics.recall_at_k(ranked, wanted, K) for ranked, wanted in pairs],
    }
    rows = []
    for metric, values in by_metric.items():
        low, high = metrics.bootstrap_interval(values, seed)
        rows.append(
            {
                "ranker": ranker,
                "metric": metric,
                "value": float(np.mean(values)),
                "low": low,
                "high": high,
                "user_count": len(values),
            }
        )
    covered = metrics.coverage(lists, K, size)
    return [
        *rows,
        {"ranker": ranker, "metric": "coverage", "value": covered, "low": covered, "high": covered, "user_count": len(lists)},
    ]
