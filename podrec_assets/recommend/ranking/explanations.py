"""Why an episode is listed: the share of each source in its score, and a reason in words. Pure.

Sources are the arms, the two parts of the prior (`popular`, `fresh`) and, if nothing else counts,
`catalogue`. The sentences of an arm are in its own file.
"""

from podrec_assets.recommend.ranking.arms.protocol import Reason
from podrec_assets.recommend.ranking.candidates import Candidates

MIN_SHARE = 0.25
"""Smallest share of the score that puts a source into the reason; the largest is always in it."""
SHARE_DIGITS = 4


def explanation(contributions: dict[str, float], reasons: dict[str, Reason]) -> dict:
    """Returns the fields of an item that explain it.

    Args:
        contributions: what each source added to the score, at least 0.
        reasons: by source; must hold `catalogue`, the fallback.
    """
    shares = shares_of(contributions)
    explained = [name for name in shares if name in reasons]
    used = [name for name in explained if shares[name] >= MIN_SHARE] or explained[:1]
    chosen = {name: reasons[name] for name in used or ["catalogue"]}
    return {
        "sources": list(shares),
        "shares": shares,
        "because": next(iter(chosen.values())).cause,
        "causes": {name: reason.cause for name, reason in chosen.items() if reason.cause},
        "passages": next((r.passages for r in chosen.values() if r.passages), None),
        "reason": " ".join(reason.text for reason in chosen.values()),
    }


def shares_of(contributions: dict[str, float]) -> dict[str, float]:
    """Returns positive shares that add up to 1, the largest first.

    All of it is the catalogue's if nothing was contributed.
    """
    total = sum(contributions.values())
    if total <= 0:
        return {"catalogue": 1.0}
    ordered = sorted(contributions.items(), key=lambda entry: (-entry[1], entry[0]))
    rounded = {name: round(value / total, SHARE_DIGITS) for name, value in ordered}
    largest, *others = (name for name, share in rounded.items() if share > 0)
    rest = sum(rounded[name] for name in others)
    return {largest: round(1 - rest, SHARE_DIGITS), **{name: rounded[name] for name in others}}


def general_reasons(candidates: Candidates, column: int) -> dict[str, Reason]:
    """Returns the reasons that hold for every listener, by source."""
    show = candidates.rows[candidates.ids[column]]["show_title"]
    reasons = {"catalogue": Reason(f"From the catalogue of {show}.")}
    if candidates.listener_count[column]:
        reasons["popular"] = Reason(popular_reason(int(candidates.listener_count[column])))
    if candidates.freshness[column] > 0:
        reasons["fresh"] = Reason(fresh_reason(show))
    return reasons


def popular_reason(listener_count: int) -> str:
    """Returns the reason of an episode that others played."""
    if listener_count > 1:
        return f"Popular now: {listener_count} listeners played it."
    return "Picked up by a listener lately."


def fresh_reason(show_title: str) -> str:
    """Returns the reason of a new episode."""
    return f"New from {show_title}."
