"""What must be true of lists before they are published, whatever is served now. Pure."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking.arms.registry import score_fields
from podrec_assets.schemas import LIST_ITEM, NEWCOMER

K = 10
"""Length of the top of a list, which most people see."""
NULLABLE = ("title", "show_title")
MAX_NAMED = 5
"""Faults named in a result; the rest are counted."""
ItemsByListener = dict[str, list[dict]]


@dataclass(frozen=True)
class GateResult:
    """Result of one check of the gate.

    Attributes:
        check: its name in the UI.
        passed: False refuses the lists.
        says: one sentence: the measurement, and what it is compared with.
        forceable: whether a person may publish anyway: never with faults, but with values that are
            only unusual.
        value: the measurement in the unit of the check; the number of faults for those.
        bound: the limit of the value; None if nothing was compared.
    """

    check: str
    passed: bool
    says: str
    forceable: bool = False
    value: float | None = None
    bound: float | None = None


def faults(documents: list[dict], history: Interactions) -> list[GateResult]:
    """Returns the results of all checks for faults, in the order of FAULTS."""
    malformed = _shape_faults(documents)
    if malformed:
        # Documents of another shape cannot be checked any further.
        first, *others = FAULTS
        return [_result(first, malformed), *(_result(name, ["not readable"]) for name in others)]
    lists = {d["user_id"]: d["items"] for d in documents}
    return [_result(name, check(lists, history)) for name, check in FAULTS.items()]


def _result(check: str, faults: list[str]) -> GateResult:
    more = f" and {len(faults) - MAX_NAMED} more" if len(faults) > MAX_NAMED else ""
    says = f"{', '.join(faults[:MAX_NAMED])}{more}" if faults else "no fault"
    return GateResult(check, not faults, says, False, float(len(faults)), 0.0)


def _shape_faults(documents: list[dict]) -> list[str]:
    kinds = LIST_ITEM | dict.fromkeys(score_fields(), float)
    faults = []
    for document in documents:
        user, items = document.get("user_id"), document.get("items")
        if not isinstance(user, str) or not isinstance(items, list):
            faults.append(f"document of {user!r} lacks user_id or items")
            continue
        wrong = {
            name
            for item in items
            for name, kind in kinds.items()
            if not _has_type(item.get(name), kind, name in NULLABLE)
        }
        if wrong:
            faults.append(
                f"{_name(user)} has items with missing or invalid {', '.join(sorted(wrong))}"
            )
    return faults


def _has_type(value: object, kind: type, nullable: bool) -> bool:
    if value is None:
        return nullable
    kinds = (int, float) if kind is float else kind
    return isinstance(value, kinds) and not isinstance(value, bool)


def _name(user: str) -> str:
    return user or "newcomers"


def _missing(lists: ItemsByListener, history: Interactions) -> list[str]:
    users = (NEWCOMER, *history.users)
    return [f"{_name(user)} has no list" for user in users if user not in lists]


def _heard(lists: ItemsByListener, history: Interactions) -> list[str]:
    faults = []
    for user, items in sorted(lists.items()):
        count = len(history.excluded(user) & {i["episode_id"] for i in items})
        if count:
            faults.append(f"{user} is shown {count} heard or unliked episodes")
    return faults


def _disorder(lists: ItemsByListener, _history: Interactions) -> list[str]:
    faults = []
    for user, items in sorted(lists.items()):
        name = _name(user)
        if len({i["episode_id"] for i in items}) < len(items):
            faults.append(f"{name} is shown an episode twice")
        if [i["rank"] for i in items] != list(range(1, len(items) + 1)):
            faults.append(f"{name} has ranks that are not 1 to {len(items)}")
        if not all(math.isfinite(i["score"]) for i in items) or not _is_falling(items):
            faults.append(f"{name} has scores that are not finite and falling")
    return faults


def _is_falling(items: list[dict]) -> bool:
    """Whether scores never rise; in an interleaved list, within each team.

    The scores of two blends cannot be compared.
    """
    teams = {i.get("team") for i in items}
    by_team = ([i["score"] for i in items if i.get("team") == team] for team in teams)
    return all(scores == sorted(scores, reverse=True) for scores in by_team)


def _without_reason(lists: ItemsByListener, _history: Interactions) -> list[str]:
    return [
        f"{_name(user)} has an item without a reason"
        for user, items in sorted(lists.items())
        if not all(i["reason"] for i in items)
    ]


FAULTS: dict[str, Callable[[ItemsByListener, Interactions], list[str]]] = {
    "lists_fit_their_schema": lambda lists, history: [],
    "every_listener_has_a_list": _missing,
    "nothing_heard_is_listed": _heard,
    "scores_are_finite_and_falling": _disorder,
    "every_item_has_a_reason": _without_reason,
}
"""Checks by name; each returns a phrase for every fault. The first is done before all others."""
