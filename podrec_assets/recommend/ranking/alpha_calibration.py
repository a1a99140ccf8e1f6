"""Calibration of alpha: for each history length, the weight of ALS that ranked best on later days.

Pure. Clicks on shown lists decide where there are enough of them, each divided by the probability
that its position was examined; otherwise the plays of the following day decide.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from podrec_assets.recommend.evaluation.metrics import bootstrap_interval
from podrec_assets.recommend.evaluation.online import K, newly_played
from podrec_assets.recommend.evaluation.position_bias import Shown, propensities, shown_by_user
from podrec_assets.recommend.ranking.alpha import BUCKETS, bucket_of
from podrec_assets.recommend.ranking.blend import Blender
from podrec_assets.recommend.ranking.inputs import BlendConfig, RankingInputs

GRID = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
MIN_LISTENER_DAYS = 30
"""With fewer listener days, a bucket keeps the default."""
CLICKS, PLAYS = "clicks", "plays"
Gains = dict[str, np.ndarray]
"""By bucket, (listener days, len(GRID) + 1): the DCG under each alpha, then the best possible."""


@dataclass(frozen=True)
class AlphaTrial:
    """A day's models and what listeners did on the following day.

    Attributes:
        inputs: as `recommend` takes them.
        played: USER_VS_EPISODE_DAILY of the following day.
        shown: its impressions and clicks, columns of USER_EVENTS; None if nobody reports them.
    """

    inputs: RankingInputs
    played: pa.Table
    shown: pa.Table | None = None


@dataclass(frozen=True)
class Start:
    """The alpha to move away from, and where it comes from."""

    alpha: float
    source: str


def calibrated_weights(
    heard_counts: dict[str, int],
    trials: Iterable[AlphaTrial],
    default: float,
    config: BlendConfig,
    seed: int,
) -> list[dict]:
    """Returns rows of FUSION_WEIGHTS (without day), one for each bucket.

    A bucket moves from the default to the alpha with the best mean nDCG only if the whole paired
    95 % bootstrap interval of the gain lies above 0. A bucket that does not move starts from the
    alpha of all listeners together, by the same rule.

    Args:
        heard_counts: heard episodes of each listener now.
        trials: earlier days, replayed with every alpha of GRID.
        default: alpha without evidence.
        config: shape of the lists.
        seed: of the bootstrap.
    """
    clicks, plays = _gains(list(trials), config)
    fallback = Start(default, "default")
    overall = _choice(_together(clicks), _together(plays), fallback, seed)
    if overall["moved"]:
        source = overall["source"].replace(" of ", " of all ", 1)
        overall_start = Start(overall["alpha"], source)
    else:
        overall_start = fallback
    buckets = [bucket_of(count) for count in heard_counts.values()]
    rows = []
    for name, low in BUCKETS:
        chosen = _choice(clicks[name], plays[name], fallback, seed)
        if not chosen["moved"]:
            chosen = _choice(clicks[name], plays[name], overall_start, seed)
        del chosen["moved"]
        row = {"bucket": name, "min_history": low, "user_count": buckets.count(name)}
        rows.append(row | chosen)
    return rows


def _together(gains: Gains) -> np.ndarray:
    return np.concatenate(list(gains.values()))


def _gains(trials: list[AlphaTrial], config: BlendConfig) -> tuple[Gains, Gains]:
    """Gains on clicks and on plays of all trials."""
    shown = [shown_by_user(t.shown) if t.shown is not None else {} for t in trials]
    examined = propensities([s for by_user in shown for s in by_user.values()])
    rows: dict[tuple[str, str], list[np.ndarray]] = {
        (kind, name): [] for kind in (CLICKS, PLAYS) for name, _ in BUCKETS
    }
    for trial, by_user in zip(trials, shown, strict=True):
        for kind, user, gains in _listener_gains(trial, by_user, examined, config):
            rows[kind, bucket_of(len(trial.inputs.history.seen[user]))].append(gains)
    clicks, plays = (
        {name: np.array(rows[kind, name]).reshape(-1, len(GRID) + 1) for name, _ in BUCKETS}
        for kind in (CLICKS, PLAYS)
    )
    return clicks, plays


def _listener_gains(
    trial: AlphaTrial, shown: dict[str, Shown], examined: np.ndarray, config: BlendConfig
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yields (CLICKS or PLAYS, listener, row of Gains) for listeners with clicks or new plays."""
    history = trial.inputs.history
    relevant = newly_played(history, trial.played)
    blender = Blender(trial.inputs, config)
    for block in blender.blocks(range(len(history.users))):
        scores = [blender.scores(block, np.array([[alpha]])) for alpha in GRID]
        for row, user in enumerate(history.users[block.users.start : block.users.stop]):
            by_alpha = [s[row] for s in scores]
            if wanted := relevant.get(user):
                yield PLAYS, user, _play_gains(by_alpha, blender, wanted)
            if user in shown:
                gains = _click_gains(
                    by_alpha, blender, block.is_candidate[row], shown[user], examined
                )
                if gains is not None:
                    yield CLICKS, user, gains


def _play_gains(by_alpha: list[np.ndarray], blender: Blender, wanted: set[str]) -> np.ndarray:
    """nDCG@K of the ranking of all candidates; the best is therefore 1."""
    columns = blender.candidates.columns(wanted)
    best = float(sum(1 / np.log2(rank + 1) for rank in range(1, min(K, len(wanted)) + 1)))
    gains = [sum(_discount(scores, column) for column in columns) / best for scores in by_alpha]
    return np.array([*gains, 1.0])


def _discount(scores: np.ndarray, column: int) -> float:
    """1 / log2(1 + rank) of a column, 0 beyond K and for non-candidates; ties by column."""
    score = scores[column]
    if not np.isfinite(score):
        return 0.0
    rank = 1 + int((scores > score).sum()) + int((scores[:column] == score).sum())
    return 1 / float(np.log2(rank + 1)) if rank <= K else 0.0


def _click_gains(
    by_alpha: list[np.ndarray],
    blender: Blender,
    is_candidate: np.ndarray,
    shown: Shown,
    examined: np.ndarray,
) -> np.ndarray | None:
    """DCG of the ranking of the shown candidates, each click over its propensity, and the best.

    None without a click or with fewer than two candidates. Not divided by the listener's own best:
    that would undo the weight of those who clicked once, at the top.
    """
    column = blender.candidates.column
    kept = [
        (n, column[e])
        for n, e in enumerate(shown.episodes)
        if e in column and is_candidate[column[e]]
    ]
    if len(kept) < 2:
        return None
    places, columns = np.array(kept).T
    weights = shown.clicked[places] / examined[shown.positions[places]]
    if not weights.any():
        return None
    discounts = 1 / np.log2(np.arange(2, len(columns) + 2))
    gains = [
        float((weights[np.lexsort((columns, -s[columns]))] * discounts).sum()) for s in by_alpha
    ]
    return np.array([*gains, float((np.sort(weights)[::-1] * discounts).sum())])


def _choice(clicks: np.ndarray, plays: np.ndarray, start: Start, seed: int) -> dict:
    """alpha, source, whether it moved from the start, its gain with interval, and the curve."""
    kind, rows = (CLICKS, clicks) if len(clicks) >= MIN_LISTENER_DAYS else (PLAYS, plays)
    gains = rows[:, :-1] / (rows[:, -1].mean() if len(rows) else 1.0)
    stay = {
        "alpha": start.alpha,
        "source": start.source,
        "moved": False,
        "gain": None,
        "gain_low": None,
        "gain_high": None,
        "curve": json.dumps(_curve(gains, seed)) if len(gains) else None,
    }
    if len(gains) < MIN_LISTENER_DAYS:
        return stay
    at = int(np.argmin(np.abs(np.array(GRID) - start.alpha)))
    best = int(np.argmax(np.round(gains.mean(axis=0), 9)))
    improvement = gains[:, best] - gains[:, at]
    low, high = bootstrap_interval(improvement, seed)
    measured = stay | {"gain": float(improvement.mean()), "gain_low": low, "gain_high": high}
    evidence = f"{kind} of {len(gains)} listener days"
    if low > 0:
        return measured | {"alpha": GRID[best], "moved": True, "source": evidence}
    return measured | {"source": f"{start.source}, not beaten on {evidence}"}


def _curve(gains: np.ndarray, seed: int) -> list[dict]:
    """alpha, mean nDCG and its interval, for each alpha of GRID."""
    curve = []
    for column, alpha in enumerate(GRID):
        low, high = bootstrap_interval(gains[:, column], seed)
        ndcg = round(float(gains[:, column].mean()), 4)
        curve.append({"alpha": alpha, "ndcg": ndcg, "low": round(low, 4), "high": round(high, 4)})
    return curve
