"""Alpha by what listeners then played: for each history length the share of ALS that would have ranked it best. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from podrec_assets.recommend.blend import BlendConfig, recommend
from podrec_assets.recommend.evaluate import K, newly_played
from podrec_assets.recommend.fusion import BUCKETS, bucket_of
from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.metrics import bootstrap_interval, ndcg_at_k

GRID = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
LEAST_USERS = 30
"""Fewer plays of a bucket's listeners say nothing: it keeps the default."""


@dataclass(frozen=True)
class Trial:
    """A day's models and what was played on the day after; fields as `blend.recommend` takes them."""

    history: Interactions
    als: list[dict]
    similarities: list[dict]
    episodes: pa.Table
    played: pa.Table
    as_of: date


def calibrated_weights(
    history: dict[str, int], trials: Iterable[Trial], default: float, config: BlendConfig, seed: int
) -> list[dict]:
    """Rows of FUSION_WEIGHTS (without day).

    A bucket moves from the default to the alpha of the best mean nDCG@10 only where the gain over the default is outside its
    paired 95 % bootstrap interval; so it is never worse than alpha 0 or 1 there beyond noise.

    Args:
        history: heard episodes of each listener now.
        trials: earlier days, replayed with every alpha of GRID.
        default: alpha of a bucket that has nothing to go by.
        config: shape of the lists.
        seed: of the bootstrap.
    """
    gains = _gains(trials, config)
    sizes = {name: 0 for name, _ in BUCKETS}
    for count in history.values():
        sizes[bucket_of(count)] += 1
    rows = []
    for name, low in BUCKETS:
        alpha, source = _choose(gains[name], default, seed)
        curve = _curve(gains[name], seed)
        rows.append({
            "bucket": name, "min_history": low, "alpha": alpha, "source": source, "user_count": sizes[name],
            "curve": json.dumps(curve) if curve else None,
        })  # fmt: skip
    return rows


def _gains(trials: Iterable[Trial], config: BlendConfig) -> dict[str, np.ndarray]:
    """By bucket, nDCG@10 of each (listener, day) with plays, a row each, under each alpha of GRID, a column each."""
    found: dict[str, list[list[float]]] = {name: [] for name, _ in BUCKETS}
    for trial in trials:
        relevant = newly_played(trial.history, trial.played)
        lists = [_lists(trial, alpha, config, set(relevant)) for alpha in GRID]
        for user, wanted in sorted(relevant.items()):
            found[bucket_of(len(trial.history.seen[user]))].append([ndcg_at_k(by_user[user], wanted, K) for by_user in lists])
    return {name: np.array(rows).reshape(-1, len(GRID)) for name, rows in found.items()}


def _lists(trial: Trial, alpha: float, config: BlendConfig, users: set[str]) -> dict[str, list[str]]:
    weights = [{"min_history": 0, "alpha": alpha}]
    documents = recommend(trial.history, trial.als, trial.similarities, trial.episodes, weights, config, trial.as_of)
    return {d["user_id"]: [i["episode_id"] for i in d["items"]] for d in documents if d["user_id"] in users}


def _choose(gains: np.ndarray, default: float, seed: int) -> tuple[float, str]:
    if len(gains) < LEAST_USERS:
        return default, "default"
    at = int(np.argmin(np.abs(np.array(GRID) - default)))
    best = int(np.argmax(gains.mean(axis=0)))
    low, _ = bootstrap_interval((gains[:, best] - gains[:, at]).tolist(), seed)
    if low > 0:
        return GRID[best], f"plays of {len(gains)} listener days"
    return default, f"default, not beaten on {len(gains)} listener days"


def _curve(gains: np.ndarray, seed: int) -> list[dict]:
    """alpha, mean nDCG and its interval, for each alpha of GRID."""
    if not len(gains):
        return []
    curve = []
    for column, alpha in enumerate(GRID):
        low, high = bootstrap_interval(gains[:, column].tolist(), seed)
        curve.append(
            {"alpha": alpha, "ndcg": round(float(gains[:, column].mean()), 4), "low": round(low, 4), "high": round(high, 4)}
        )
    return curve
