"""How far new lists are from the ones that are served: coverage, churn, popularity and what was
then played. Pure.

These refuse what is unusual rather than wrong, so a person may overrule them. Before the first
publication, and for a day older than the served one, there is nothing to compare with.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from podrec_assets.recommend.evaluation.metrics import bootstrap_interval, ndcg_at_k
from podrec_assets.recommend.evaluation.online import newly_played
from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking.list_validation import GateResult, K
from podrec_assets.schemas import NEWCOMER

Lists = dict[str, list[str]]
"""Episodes in order by listener."""


@dataclass(frozen=True)
class Bounds:
    """What lists are held against; each is a setting `gate_*` with its meaning."""

    min_coverage: float
    max_churn: float
    max_popularity_drift: float
    min_listeners: int
    seed: int


@dataclass(frozen=True)
class DriftBaseline:
    """What the comparisons rest on.

    Attributes:
        history: listening up to the day of the new lists.
        catalogue: episodes that may be recommended.
        served: the published lists, or None where there is nothing to compare with.
        why_not: the reason for that.
        played: rows of USER_VS_EPISODE_DAILY after the day of the new lists.
    """

    history: Interactions
    catalogue: set[str]
    served: Lists | None
    why_not: str
    played: pa.Table


def comparisons(documents: list[dict], baseline: DriftBaseline, bounds: Bounds) -> list[GateResult]:
    """The findings of coverage, churn, popularity drift and replayed quality, in the order of
    COMPARISONS.
    """
    lists = as_lists(documents)
    found = [_coverage(lists, baseline, bounds)]
    for check, compare in zip(COMPARISONS[1:], (_churn, _popularity, _quality), strict=True):
        if baseline.served is None:
            found.append(_not_compared(check, baseline.why_not))
        else:
            found.append(compare(lists, baseline.served, baseline, bounds))
    return found


COMPARISONS = (
    "coverage_is_above_its_floor",
    "churn_is_bounded",
    "popularity_drift_is_bounded",
    "quality_is_not_below_served",
)


def as_lists(documents: list[dict]) -> Lists:
    return {d["user_id"]: [i["episode_id"] for i in d["items"]] for d in documents}


def _coverage(lists: Lists, baseline: DriftBaseline, bounds: Bounds) -> GateResult:
    """Distinct episodes in all lists over as many as lists of these lengths could hold."""
    possible = min(len(baseline.catalogue), sum(map(len, lists.values())))
    value = len({e for listed in lists.values() for e in listed}) / possible if possible else 0.0
    enough = value >= bounds.min_coverage or not baseline.catalogue
    return _measured(
        COMPARISONS[0],
        enough,
        value,
        bounds.min_coverage,
        f"lists hold {value:.3f} of the episodes that they could",
    )


def _churn(lists: Lists, served: Lists, baseline: DriftBaseline, bounds: Bounds) -> GateResult:
    """Mean share of a served top K that is still unheard and to be had, and is nowhere in the new
    list.
    """
    shares = []
    for user in sorted(lists.keys() & served.keys() - {NEWCOMER}):
        excluded = baseline.history.excluded(user)
        left = [e for e in served[user][:K] if e in baseline.catalogue and e not in excluded]
        if left:
            shares.append(len(set(left) - set(lists[user])) / len(left))
    if len(shares) < bounds.min_listeners:
        return _too_few(COMPARISONS[1], len(shares), bounds)
    value = float(np.mean(shares))
    says = f"{value:.3f} of what {len(shares)} listeners are shown now and have not heard is gone from their lists"
    return _measured(COMPARISONS[1], value <= bounds.max_churn, value, bounds.max_churn, says)


def _popularity(lists: Lists, served: Lists, baseline: DriftBaseline, bounds: Bounds) -> GateResult:
    """Change of the mean popularity rank (0 unplayed, 1 most played) of what the top K of all lists
    show.
    """
    plays = baseline.history.recent_plays
    order = sorted(plays.values())
    rank = {
        e: float(np.searchsorted(order, n, side="right")) / len(order) for e, n in plays.items()
    }
    common = sorted(lists.keys() & served.keys() - {NEWCOMER})
    if len(common) < bounds.min_listeners:
        return _too_few(COMPARISONS[2], len(common), bounds)
    new, old = (
        float(np.mean([rank.get(e, 0.0) for u in common for e in found[u][:K]] or [0.0]))
        for found in (lists, served)
    )
    says = f"the mean popularity of what {len(common)} listeners are shown goes from {old:.3f} to {new:.3f}"
    within = abs(new - old) <= bounds.max_popularity_drift
    return _measured(COMPARISONS[2], within, abs(new - old), bounds.max_popularity_drift, says)


def _quality(lists: Lists, served: Lists, baseline: DriftBaseline, bounds: Bounds) -> GateResult:
    """Paired bootstrap of nDCG@K, new less served, on what was played after the day of the new
    lists.
    """
    relevant = newly_played(baseline.history, baseline.played)
    users = sorted(relevant.keys() & lists.keys() & served.keys())
    if len(users) < bounds.min_listeners:
        return _too_few(COMPARISONS[3], len(users), bounds)
    pairs = [tuple(ndcg_at_k(found[u], relevant[u], K) for found in (lists, served)) for u in users]
    new, old = np.mean(pairs, axis=0)
    low, high = bootstrap_interval([a - b for a, b in pairs], bounds.seed)
    says = (
        f"nDCG@{K} on what {len(users)} listeners then played is {new:.3f}, of the served lists {old:.3f} "
        f"(difference {new - old:+.3f}, 95 % interval {low:+.3f} to {high:+.3f})"
    )
    return GateResult(COMPARISONS[3], high >= 0, says, True, high, 0.0)


def _measured(check: str, passed: bool, value: float, bound: float, says: str) -> GateResult:
    return GateResult(check, passed, f"{says}; the bound is {bound:g}", True, value, bound)


def _too_few(check: str, count: int, bounds: Bounds) -> GateResult:
    return _not_compared(check, f"{count} listeners to compare, {bounds.min_listeners} are needed")


def _not_compared(check: str, why: str) -> GateResult:
    return GateResult(check, True, f"not compared: {why}", True)
