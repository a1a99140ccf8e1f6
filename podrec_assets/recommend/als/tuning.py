"""A search for the settings of ALS on a time split: learned up to a day, measured on what was newly
played after it. Pure.
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

RANKS, REGULARIZATIONS, ALPHAS, HALF_LIVES = (
    (8, 16, 32, 64),
    (0.03, 0.1, 0.3),
    (0.5, 1.0, 2.0, 4.0),
    (15.0, 45.0, 90.0),
)
LEAST_USERS = 60
"""With fewer listeners in the split nothing is moved: a half of them would decide by chance."""
Fit = Callable[[csr_matrix, AlsConfig], Factors]


@dataclass(frozen=True)
class TuningTrial:
    """One point of the search: settings of ALS and the half-life of listening in days."""

    config: AlsConfig
    half_life_days: float


@dataclass(frozen=True)
class Budget:
    """What a search may cost.

    Attributes:
        trials: points tried, the settings in force among them; these and the seed alone decide what
            is tried.
        seconds: after so long no further trial begins.
        held_out_days: the last days, on which the trials are measured.
    """

    trials: int
    seconds: float
    held_out_days: int


def trials(current: TuningTrial, count: int) -> list[TuningTrial]:
    """The settings in force, then points of the grid in an order drawn by their seed."""
    grid = [
        TuningTrial(replace(current.config, rank=rank, regularization=each, alpha=alpha), half_life)
        for rank, each, alpha, half_life in product(RANKS, REGULARIZATIONS, ALPHAS, HALF_LIVES)
    ]
    order = np.random.default_rng(current.config.seed).permutation(len(grid))
    return [current, *(grid[i] for i in order if grid[i] != current)][:count]


def tune(
    daily: pa.Table,
    as_of: date,
    current: TuningTrial,
    fit: Fit,
    budget: Budget,
    clock: Callable[[], float] = time.monotonic,
) -> list[dict]:
    """Rows of ALS_TUNING (without day): popularity, the settings in force, then every other trial.

    The trial that is best on one half of the listeners is chosen where the other half confirms it:
    its gain over the settings in force is above zero by the whole paired 95 % interval. Else the
    settings in force are. No rows where nothing new was played.

    Args:
        daily: USER_VS_EPISODE_DAILY of the history that ends with `as_of`.
        as_of: last day of the part that is measured on.
        current: settings in force.
        fit: an engine.
        budget: number of trials, and the limits.
        clock: seconds.
    """
    begun, split = clock(), as_of - timedelta(days=budget.held_out_days)
    played = daily.filter((pc.field("day") > split) & (pc.field("day") <= as_of))
    rows: list[dict] = []
    gains: list[np.ndarray] = []
    for trial in trials(current, budget.trials):
        if rows and clock() - begun > budget.seconds:
            break
        history = interactions(daily, split, trial.half_life_days)
        test = pairs_matrix(history, _known(history, newly_played(history, played)))
        if not history.matrix.nnz or not test.nnz:
            return []
        if not rows:
            rows.append(
                _row(
                    0,
                    "popularity",
                    _measured(_popularity(history), history, test),
                    current.config.seed,
                )
            )
        start = clock()
        scorer = offline.als_scorer(fit(history.matrix, trial.config), history.matrix)
        gains.append(_measured(scorer, history, test))
        row = _row(len(gains), "als", gains[-1], current.config.seed)
        rows.append(row | _settings(trial) | {"seconds": round(clock() - start, 3)})
    chosen = _chosen(np.array([g[:, 0] for g in gains]), current.config.seed)
    for n, row in enumerate(rows, start=-1):
        row |= {"is_current": n == 0, "is_chosen": n == chosen}
    return rows


def _chosen(ndcg: np.ndarray, seed: int) -> int:
    """Row of (trials, listeners) nDCG to adopt; 0, the settings in force, unless another one is
    better outside noise.
    """
    if ndcg.shape[1] < LEAST_USERS:
        return 0
    order = np.random.default_rng(seed).permutation(ndcg.shape[1])
    search, confirm = order[::2], order[1::2]
    best = int(ndcg[:, search].mean(axis=1).argmax())
    low, _ = metrics.bootstrap_interval(ndcg[best, confirm] - ndcg[0, confirm], seed)
    return best if low > 0 else 0


def _known(history: Interactions, played: dict[str, set[str]]) -> dict[str, set[str]]:
    """Of what was newly played, the episodes that the history has: ALS cannot know others."""
    items = set(history.items)
    return {user: played.get(user, set()) & items for user in history.users}


def _popularity(history: Interactions) -> offline.Scorer:
    plays = np.array([history.recent_plays.get(e, 0.0) for e in history.items])
    return lambda users: np.tile(plays, (len(users), 1))


def _measured(scorer: offline.Scorer, history: Interactions, test: csr_matrix) -> np.ndarray:
    excluded = pairs_matrix(history, excluded_items(history))
    return offline.ndcg_of_users(scorer, excluded, test, K)


def _row(number: int, ranker: str, values: np.ndarray, seed: int) -> dict:
    low, high = metrics.bootstrap_interval(values[:, 0], seed)
    ndcg, recall = values.mean(axis=0).tolist()
    return {
        "trial": number, "ranker": ranker, "ndcg": ndcg, "ndcg_low": low, "ndcg_high": high, "recall": recall,
        "user_count": len(values),
    }  # fmt: skip


def _settings(trial: TuningTrial) -> dict:
    c = trial.config
    return {
        "als_rank": c.rank, "als_regularization": c.regularization, "als_alpha": c.alpha, "half_life_days": trial.half_life_days
    }  # fmt: skip


def adoption(rows: list[dict]) -> str:
    """How to take over what a search chose: the variables to set, or that nothing is to be done."""
    chosen = next((r for r in rows if r["is_chosen"]), None)
    if chosen is None:
        return "Nothing was newly played in the days held out: there is nothing to go by."
    if chosen["is_current"]:
        return "Keep the settings in force: no trial is better outside noise."
    return " ".join(_variables(chosen))


def _variables(row: dict) -> Iterator[str]:
    for name in ("als_rank", "als_regularization", "als_alpha", "half_life_days"):
        yield f"PODREC_{name.upper()}={row[name]:g}"
