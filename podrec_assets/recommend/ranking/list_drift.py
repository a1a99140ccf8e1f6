"""Checks new lists for coverage, and for churn, popularity and quality against the served. Pure.

These checks refuse what is unusual rather than wrong, so a person may overrule them. Before the
first publication, and for a day older than the served one, there is nothing to compare with: all
of them except coverage pass.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from podrec_assets.recommend.evaluation.metrics import bootstrap_interval, ndcg_at_k
from podrec_assets.recommend.evaluation.online import newly_played
from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking.list_validation import GateResult, K
from podrec_assets.schemas import NEWCOMER

COVERAGE, CHURN, POPULARITY, QUALITY = COMPARISONS = (
    "coverage_is_above_its_floor",
    "churn_is_bounded",
    "popularity_drift_is_bounded",
    "quality_is_not_below_served",
)
Lists = dict[str, list[str]]
"""Episodes in order of rank, by listener."""


@dataclass(frozen=True)
class Bounds:
    """Limits of the comparisons; see the settings `gate_*`."""

    min_coverage: float
    max_churn: float
    max_popularity_drift: float
    min_listeners: int
    seed: int


@dataclass(frozen=True)
class DriftBaseline:
    """What new lists are compared with.

    Attributes:
        history: listening up to the day of the new lists.
        catalogue: episodes that may be recommended.
        served: the published lists; None if there is nothing to compare with.
        why_not: the reason if there is nothing.
        played: rows of USER_VS_EPISODE_DAILY after the day of the new lists.
    """

    history: Interactions
    catalogue: set[str]
    served: Lists | None
    why_not: str
    played: pa.Table


def comparisons(documents: list[dict], baseline: DriftBaseline, bounds: Bounds) -> list[GateResult]:
    """Returns the results of the comparisons, in the order of COMPARISONS."""
    lists, served = as_lists(documents), baseline.served
    coverage = _coverage(lists, baseline, bounds)
    if served is None:
        others = (CHURN, POPULARITY, QUALITY)
        return [coverage, *(_not_compared(check, baseline.why_not) for check in others)]
    return [
        coverage,
        _churn(lists, served, baseline, bounds),
        _popularity(lists, served, baseline, bounds),
        _quality(lists, served, baseline, bounds),
    ]


def as_lists(documents: list[dict]) -> Lists:
    """Returns the episode ids of the documents' lists."""
    return {d["user_id"]: [i["episode_id"] for i in d["items"]] for d in documents}


def _coverage(lists: Lists, baseline: DriftBaseline, bounds: Bounds) -> GateResult:
    """Distinct episodes in all lists over the most that lists of these lengths could hold."""
    possible = min(len(baseline.catalogue), sum(map(len, lists.values())))
    listed = {e for episodes in lists.values() for e in episodes}
    value = len(listed) / possible if possible else 0.0
    passed = value >= bounds.min_coverage or not baseline.catalogue
    says = f"lists hold {value:.3f} of the episodes that they could"
    return _measured(COVERAGE, passed, value, bounds.min_coverage, says)


def _churn(lists: Lists, served: Lists, baseline: DriftBaseline, bounds: Bounds) -> GateResult:
    """Mean share of a served top K, unheard and still available, that the new list dropped."""
    shares = []
    for user in sorted(lists.keys() & served.keys() - {NEWCOMER}):
        excluded = baseline.history.excluded(user)
        kept = [e for e in served[user][:K] if e in baseline.catalogue and e not in excluded]
        if kept:
            shares.append(len(set(kept) - set(lists[user])) / len(kept))
    if len(shares) < bounds.min_listeners:
        return _too_few(CHURN, len(shares), bounds)
    value = float(np.mean(shares))
    says = f"{value:.3f} of the unheard episodes shown to {len(shares)} listeners left their lists"
    return _measured(CHURN, value <= bounds.max_churn, value, bounds.max_churn, says)


def _popularity(lists: Lists, served: Lists, baseline: DriftBaseline, bounds: Bounds) -> GateResult:
    """Change of the mean popularity rank (0 unplayed, 1 most played) in the top K of all lists."""
    plays = baseline.history.recent_plays
    order = sorted(plays.values())
    rank = {
        e: float(np.searchsorted(order, n, side="right")) / len(order) for e, n in plays.items()
    }
    users = sorted(lists.keys() & served.keys() - {NEWCOMER})
    if len(users) < bounds.min_listeners:
        return _too_few(POPULARITY, len(users), bounds)
    new, old = (
        float(np.mean([rank.get(e, 0.0) for u in users for e in version[u][:K]] or [0.0]))
        for version in (lists, served)
    )
    drift = abs(new - old)
    says = (
        f"mean popularity of the lists of {len(users)} listeners goes from {old:.3f} to {new:.3f}"
    )
    passed = drift <= bounds.max_popularity_drift
    return _measured(POPULARITY, passed, drift, bounds.max_popularity_drift, says)


def _quality(lists: Lists, served: Lists, baseline: DriftBaseline, bounds: Bounds) -> GateResult:
    """Paired bootstrap of nDCG@K, new minus served, on the plays after the day of the new lists."""
    relevant = newly_played(baseline.history, baseline.played)
    users = sorted(relevant.keys() & lists.keys() & served.keys())
    if len(users) < bounds.min_listeners:
        return _too_few(QUALITY, len(users), bounds)
    pairs = [tuple(ndcg_at_k(v[u], relevant[u], K) for v in (lists, served)) for u in users]
    new, old = np.mean(pairs, axis=0)
    low, high = bootstrap_interval([a - b for a, b in pairs], bounds.seed)
    says = (
        f"nDCG@{K} on the later plays of {len(users)} listeners is {new:.3f}, of the served lists "
        f"{old:.3f} (difference {new - old:+.3f}, 95 % interval {low:+.3f} to {high:+.3f})"
    )
    return GateResult(QUALITY, high >= 0, says, True, high, 0.0)


def _measured(check: str, passed: bool, value: float, bound: float, says: str) -> GateResult:
    return GateResult(check, passed, f"{says}; the bound is {bound:g}", True, value, bound)


def _too_few(check: str, count: int, bounds: Bounds) -> GateResult:
    return _not_compared(check, f"{count} listeners to compare, {bounds.min_listeners} needed")


def _not_compared(check: str, why: str) -> GateResult:
    return GateResult(check, True, f"not compared: {why}", True)
