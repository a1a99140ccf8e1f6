"""Alpha by what listeners then did: for each history length the share of ALS that ranked it best.
Pure.

Where a bucket's listeners clicked on enough shown items, the clicks decide, each over the
probability that its position was looked at; else what was played on the day after.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from podrec_assets.recommend.evaluation.metrics import bootstrap_interval
from podrec_assets.recommend.evaluation.online import K, newly_played
from podrec_assets.recommend.evaluation.position_bias import Shown, propensities, shown_by_user
from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking.alpha import BUCKETS, bucket_of
from podrec_assets.recommend.ranking.blend import Arms, BlendConfig, Blender

GRID = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
LEAST_USERS = 30
"""Less evidence of a bucket's listeners says nothing: it keeps the default."""
CLICKS, PLAYS = "clicks", "plays"
Gains = dict[str, np.ndarray]
"""By bucket, (listener days, GRID and one) the DCG of each under each alpha, and the best there is.
"""


@dataclass(frozen=True)
class Trial:
    """A day's models and what was done on the day after; fields as `blend.recommend` takes them.

    Attributes:
        played: USER_VS_EPISODE_DAILY of the day after.
        shown: impressions and clicks of the day after, columns of USER_EVENTS; None where nobody
            tells them.
    """

    history: Interactions
    als: list[dict]
    similarities: list[dict]
    episodes: pa.Table
    played: pa.Table
    as_of: date
    shown: pa.Table | None = None


def calibrated_weights(
    history: dict[str, int], trials: Iterable[Trial], default: float, config: BlendConfig, seed: int
) -> list[dict]:
    """Rows of FUSION_WEIGHTS (without day).

    A bucket moves from the default to the alpha of the best mean nDCG only where its gain is
    outside its paired 95 % bootstrap interval; so it is never worse than alpha 0 or 1 there beyond
    noise. One that says too little of itself takes what all listeners together say by the same
    rule, rather than a default that they have refuted.

    Args:
        history: heard episodes of each listener now.
        trials: earlier days, replayed with every alpha of GRID.
        default: alpha of a bucket that has nothing to go by.
        config: shape of the lists.
        seed: of the bootstrap.
    """
    found = _gains(list(trials), config)
    sizes = {name: 0 for name, _ in BUCKETS}
    for count in history.values():
        sizes[bucket_of(count)] += 1
    together = {
        source: np.concatenate(list(by_bucket.values())) for source, by_bucket in found.items()
    }
    everybody = _choice(together[CLICKS], together[PLAYS], (default, "default"), seed)
    start = (
        everybody["alpha"],
        everybody["source"].replace(" of ", " of all ", 1) if everybody["moved"] else "default",
    )
    rows = []
    for name, low in BUCKETS:
        own = found[CLICKS][name], found[PLAYS][name]
        chosen = _choice(*own, (default, "default"), seed)
        if not chosen["moved"]:
            chosen = _choice(*own, start, seed)
        del chosen["moved"]
        rows.append({"bucket": name, "min_history": low, "user_count": sizes[name]} | chosen)
    return rows


def _gains(trials: list[Trial], config: BlendConfig) -> dict[str, Gains]:
    """What the trials say, by clicks and by plays."""
    shown = [shown_by_user(t.shown) if t.shown is not None else {} for t in trials]
    seen_at = propensities([s for by_user in shown for s in by_user.values()])
    rows: dict[str, dict[str, list[np.ndarray]]] = {
        source: {name: [] for name, _ in BUCKETS} for source in (CLICKS, PLAYS)
    }
    for trial, by_user in zip(trials, shown, strict=True):
        for source, user, gains in _of_trial(trial, by_user, seen_at, config):
            rows[source][bucket_of(len(trial.history.seen[user]))].append(gains)
    return {
        source: {
            name: np.array(found).reshape(-1, len(GRID) + 1) for name, found in by_bucket.items()
        }
        for source, by_bucket in rows.items()
    }


def _of_trial(
    trial: Trial, shown: dict[str, Shown], seen_at: np.ndarray, config: BlendConfig
) -> Iterator[tuple[str, str, np.ndarray]]:
    """(source, listener, a row of Gains) of everybody who clicked or played something new."""
    relevant = newly_played(trial.history, trial.played)
    blender = Blender(
        trial.history, trial.als, trial.similarities, trial.episodes, config, trial.as_of
    )
    for arms in blender.blocks(range(len(trial.history.users))):
        scores = [blender.scores(arms, np.array([[alpha]])) for alpha in GRID]
        for row, user in enumerate(trial.history.users[arms.users.start : arms.users.stop]):
            by_alpha = [s[row] for s in scores]
            if user in relevant:
                yield (
                    PLAYS,
                    user,
                    _of_plays(by_alpha, blender.shelf.columns(relevant[user]), len(relevant[user])),
                )
            if (
                user in shown
                and (gains := _of_clicks(by_alpha, shown[user], blender, arms, row, seen_at))
                is not None
            ):
                yield CLICKS, user, gains


def _of_plays(by_alpha: list[np.ndarray], wanted: list[int], count: int) -> np.ndarray:
    """nDCG@K of the ranking of all candidates, hence 1 as the best."""
    best = float(sum(1 / np.log2(rank + 1) for rank in range(1, min(K, count) + 1)))
    return np.array(
        [*(sum(_discount(scores, column) for column in wanted) / best for scores in by_alpha), 1.0]
    )


def _discount(scores: np.ndarray, column: int) -> float:
    """1 / log2(1 + rank) of a column, 0 beyond K and for what is no candidate; ties by column."""
    mine = scores[column]
    if not np.isfinite(mine):
        return 0.0
    rank = 1 + int((scores > mine).sum()) + int((scores[:column] == mine).sum())
    return 1 / float(np.log2(rank + 1)) if rank <= K else 0.0


def _of_clicks(
    by_alpha: list[np.ndarray],
    shown: Shown,
    blender: Blender,
    arms: Arms,
    row: int,
    seen_at: np.ndarray,
) -> np.ndarray | None:
    """DCG of the ranking of what was shown, each click over its propensity, and the best; None
    without a click or a choice.

    Not over each listener's own best: that would undo the weights of those who clicked once, at the
    top.
    """
    known = [n for n, e in enumerate(shown.episodes) if e in blender.shelf.column]
    columns = np.array([blender.shelf.column[shown.episodes[n]] for n in known], dtype=int)
    kept = arms.is_candidate[row, columns] if len(columns) else np.zeros(0, dtype=bool)
    columns, places = columns[kept], np.array(known, dtype=int)[kept]
    weights = (
        shown.clicked[places] / seen_at[shown.positions[places]] if len(places) else np.zeros(0)
    )
    if len(columns) < 2 or not weights.any():
        return None
    discounts = 1 / np.log2(np.arange(2, len(columns) + 2))
    best = float((np.sort(weights)[::-1] * discounts).sum())
    return np.array(
        [
            *(
                float((weights[np.lexsort((columns, -s[columns]))] * discounts).sum())
                for s in by_alpha
            ),
            best,
        ]
    )


def _choice(clicks: np.ndarray, plays: np.ndarray, start: tuple[float, str], seed: int) -> dict:
    """alpha, source, whether it moved from the start, its gain over that with the interval, and the
    curve.
    """
    source, rows = (CLICKS, clicks) if len(clicks) >= LEAST_USERS else (PLAYS, plays)
    gains = rows[:, :-1] / (rows[:, -1].mean() if len(rows) else 1.0)
    default, told = start
    curve = json.dumps(_curve(gains, seed)) if len(gains) else None
    stays = {
        "alpha": default,
        "source": told,
        "moved": False,
        "gain": None,
        "gain_low": None,
        "gain_high": None,
        "curve": curve,
    }
    if len(gains) < LEAST_USERS:
        return stays
    at = int(np.argmin(np.abs(np.array(GRID) - default)))
    best = int(np.argmax(np.round(gains.mean(axis=0), 9)))
    won = gains[:, best] - gains[:, at]
    low, high = bootstrap_interval(won.tolist(), seed)
    measured = stays | {"gain": float(won.mean()), "gain_low": low, "gain_high": high}
    if low > 0:
        return measured | {
            "alpha": GRID[best],
            "moved": True,
            "source": f"{source} of {len(gains)} listener days",
        }
    return measured | {"source": f"{told}, not beaten on {source} of {len(gains)} listener days"}


def _curve(gains: np.ndarray, seed: int) -> list[dict]:
    """alpha, mean nDCG and its interval, for each alpha of GRID."""
    curve = []
    for column, alpha in enumerate(GRID):
        low, high = bootstrap_interval(gains[:, column].tolist(), seed)
        curve.append(
            {
                "alpha": alpha,
                "ndcg": round(float(gains[:, column].mean()), 4),
                "low": round(low, 4),
                "high": round(high, 4),
            }
        )
    return curve
