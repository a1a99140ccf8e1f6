"""Search for ALS settings on a time split: fitted up to a day, measured on the new plays after it.

Pure.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from podrec_assets.recommend.als.factors import AlsConfig, Factors
from podrec_assets.recommend.als.top_n import excluded_items, pairs_matrix
from podrec_assets.recommend.evaluation import metrics, offline
from podrec_assets.recommend.evaluation.online import K, newly_played
from podrec_assets.recommend.interactions import Interactions, interactions

RANKS = (8, 16, 32, 64)
REGULARIZATIONS = (0.03, 0.1, 0.3)
ALPHAS = (0.5, 1.0, 2.0, 4.0)
HALF_LIVES = (15.0, 45.0, 90.0)
MIN_LISTENERS = 60
"""With fewer listeners in the split nothing changes: half of them would decide by chance."""
Fit = Callable[[csr_matrix, AlsConfig], Factors]


@dataclass(frozen=True)
class TuningTrial:
    """One point of the search: settings of ALS and the half-life of listening in days."""

    config: AlsConfig
    half_life_days: float


@dataclass(frozen=True)
class Budget:
    """Limits of a search.

    Attributes:
        trials: points tried, including the current settings. Only this and the seed decide which.
        seconds: no further trial starts after this time.
        held_out_days: the last days, which the trials are measured on.
    """

    trials: int
    seconds: float
    held_out_days: int


def trials(current: TuningTrial, count: int) -> list[TuningTrial]:
    """Returns the current settings, then points of the grid in an order drawn by their seed."""
    grid = [
        TuningTrial(
            replace(current.config, rank=rank, regularization=regularization, alpha=alpha),
            half_life,
        )
        for rank, regularization, alpha, half_life in product(
            RANKS, REGULARIZATIONS, ALPHAS, HALF_LIVES
        )
    ]
    order = np.random.default_rng(current.config.seed).permutation(len(grid))
    return [current, *(grid[i] for i in order if grid[i] != current)][:count]


def tune(
    daily: pa.Table,
    as_of: date,
    current: TuningTrial,
    fit: Fit,
    budget: Budget,
    like_weight: float,
    clock: Callable[[], float] = time.monotonic,
) -> list[dict]:
    """Returns rows of ALS_TUNING (without day): popularity, the current settings, other trials.

    The trial that is best on one half of the listeners is chosen only if, on the other half, the
    whole paired 95 % interval of its gain over the current settings lies above 0. Otherwise the
    current settings are chosen. No rows if nothing new was played.

    Args:
        daily: USER_VS_EPISODE_DAILY of the history that ends with `as_of`.
        as_of: last day of the part that is measured on.
        current: the current settings.
        fit: an engine.
        budget: number of trials, and the limits.
        like_weight: of the daily scores.
        clock: seconds.
    """
    started, split = clock(), as_of - timedelta(days=budget.held_out_days)
    seed = current.config.seed
    played = daily.filter((pc.field("day") > split) & (pc.field("day") <= as_of))
    rows: list[dict] = []
    gains: list[np.ndarray] = []
    for trial in trials(current, budget.trials):
        if rows and clock() - started > budget.seconds:
            break
        history = interactions(daily, split, trial.half_life_days, like_weight)
        test = pairs_matrix(history, _known(history, newly_played(history, played)))
        if not history.matrix.nnz or not test.nnz:
            return []
        if not rows:
            rows.append(_row(0, "popularity", _gains(_popularity(history), history, test), seed))
        start = clock()
        scorer = offline.als_scorer(fit(history.matrix, trial.config), history.matrix)
        gains.append(_gains(scorer, history, test))
        row = _row(len(gains), "als", gains[-1], seed)
        rows.append(row | _settings(trial) | {"seconds": round(clock() - start, 3)})
    chosen = _chosen(np.array([g[:, 0] for g in gains]), seed)
    for n, row in enumerate(rows, start=-1):
        row |= {"is_current": n == 0, "is_chosen": n == chosen}
    return rows


def _chosen(ndcg: np.ndarray, seed: int) -> int:
    """Row of (trials, listeners) nDCG to adopt; 0, the current one, unless another is better."""
    if ndcg.shape[1] < MIN_LISTENERS:
        return 0
    order = np.random.default_rng(seed).permutation(ndcg.shape[1])
    search, confirm = order[::2], order[1::2]
    best = int(ndcg[:, search].mean(axis=1).argmax())
    low, _ = metrics.bootstrap_interval(ndcg[best, confirm] - ndcg[0, confirm], seed)
    return best if low > 0 else 0


def _known(history: Interactions, played: dict[str, set[str]]) -> dict[str, set[str]]:
    """The newly played episodes that are in the history; ALS cannot know others."""
    items = set(history.items)
    return {user: played.get(user, set()) & items for user in history.users}


def _popularity(history: Interactions) -> offline.Scorer:
    plays = np.array([history.recent_plays.get(e, 0.0) for e in history.items])
    return lambda users: np.tile(plays, (len(users), 1))


def _gains(scorer: offline.Scorer, history: Interactions, test: csr_matrix) -> np.ndarray:
    """(listeners, 2) nDCG@K and recall@K."""
    excluded = pairs_matrix(history, excluded_items(history))
    return offline.ndcg_of_users(scorer, excluded, test, K)


def _row(number: int, ranker: str, gains: np.ndarray, seed: int) -> dict:
    low, high = metrics.bootstrap_interval(gains[:, 0], seed)
    ndcg, recall = gains.mean(axis=0).tolist()
    return {
        "trial": number,
        "ranker": ranker,
        "ndcg": ndcg,
        "ndcg_low": low,
        "ndcg_high": high,
        "recall": recall,
        "user_count": len(gains),
    }


def _settings(trial: TuningTrial) -> dict:
    return {
        "als_rank": trial.config.rank,
        "als_regularization": trial.config.regularization,
        "als_alpha": trial.config.alpha,
        "half_life_days": trial.half_life_days,
    }


def adoption(rows: list[dict]) -> str:
    """Returns how to adopt the result of a search: variables to set, or why there are none."""
    chosen = next((r for r in rows if r["is_chosen"]), None)
    if chosen is None:
        return "Nothing new was played in the days held out, so nothing can be measured."
    if chosen["is_current"]:
        return "Keep the current settings: no trial is better outside noise."
    return " ".join(_variables(chosen))


def _variables(row: dict) -> Iterator[str]:
    for name in ("als_rank", "als_regularization", "als_alpha", "half_life_days"):
        yield f"PODREC_{name.upper()}={row[name]:g}"
