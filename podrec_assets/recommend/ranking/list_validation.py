"""What must hold of lists before they are published, whatever is served now. Pure."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from podrec_assets.recommend.interactions import Interactions
from podrec_assets.schemas import LIST_ITEM, NEWCOMER

K = 10
"""The top of a list, which most people see."""
NULLABLE = ("title", "show_title")
NAMED = 5
"""Faults told in the sentence of a finding; the number of all is always told."""


@dataclass(frozen=True)
class GateResult:
    """What one check found.

    Attributes:
        check: its name, as in the UI.
        passed: False refuses the lists.
        says: one sentence: what was found, and against what.
        forceable: whether a person may publish all the same. Faults never; bounds, which say "this
            is unusual", yes.
        value: what was measured, in the unit of the check; for faults their number.
        bound: what the value was held against; None where nothing was compared.
    """

    check: str
    passed: bool
    says: str
    forceable: bool = False
    value: float | None = None
    bound: float | None = None


def faults(documents: list[dict], history: Interactions) -> list[GateResult]:
    """The findings of the checks that look for what is wrong in itself, in the order of FAULTS."""
    wellformed = _shape_problems(documents)
    if wellformed:
        # Nothing else can be read from documents of another shape.
        return [
            _of_problems(name, wellformed if name == "lists_fit_their_schema" else ["not readable"])
            for name in FAULTS
        ]
    lists = {d["user_id"]: d["items"] for d in documents}
    return [_of_problems(name, look(lists, history)) for name, look in FAULTS.items()]


def _of_problems(check: str, problems: list[str]) -> GateResult:
    more = f" and {len(problems) - NAMED} more" if len(problems) > NAMED else ""
    says = f"{', '.join(problems[:NAMED])}{more}" if problems else "no fault"
    return GateResult(check, not problems, says, False, float(len(problems)), 0.0)


def _shape_problems(documents: list[dict]) -> list[str]:
    problems = []
    for document in documents:
        user, items = document.get("user_id"), document.get("items")
        if not isinstance(user, str) or not isinstance(items, list):
            problems.append(f"{user!r} is no document with user_id and items")
            continue
        wrong = {
            f
            for i in items
            for f, kind in LIST_ITEM.items()
            if not _is(i.get(f), kind, f in NULLABLE)
        }
        if wrong:
            problems.append(
                f"{user or 'newcomers'} has items whose {', '.join(sorted(wrong))} cannot be used"
            )
    return problems


def _is(value: object, kind: type, nullable: bool) -> bool:
    kinds = (int, float) if kind is float else kind
    return (value is None and nullable) or (
        isinstance(value, kinds) and not isinstance(value, bool)
    )


def _missing(lists: dict[str, list[dict]], history: Interactions) -> list[str]:
    return [
        f"{user or 'newcomers'} has no list"
        for user in (NEWCOMER, *history.users)
        if user not in lists
    ]


def _heard(lists: dict[str, list[dict]], history: Interactions) -> list[str]:
    problems = []
    for user, items in sorted(lists.items()):
        count = len(history.excluded(user) & {i["episode_id"] for i in items})
        if count:
            problems.append(f"{user} is shown {count} heard or unliked episodes")
    return problems


def _disorder(lists: dict[str, list[dict]], history: Interactions) -> list[str]:
    problems = []
    for user, items in sorted(lists.items()):
        name, scores = user or "newcomers", [i["score"] for i in items]
        if len({i["episode_id"] for i in items}) < len(items):
            problems.append(f"{name} is shown an episode twice")
        if [i["rank"] for i in items] != list(range(1, len(items) + 1)):
            problems.append(f"{name} has ranks that are not 1 to {len(items)}")
        if not all(map(math.isfinite, scores)) or not _falling(items):
            problems.append(f"{name} has scores that are not finite and falling")
    return problems


def _falling(items: list[dict]) -> bool:
    """Whether scores never rise; within each team where a list has two, for the scores of two
    blends do not compare.
    """
    teams = (
        [i["score"] for i in items if i.get("team") == team]
        for team in {i.get("team") for i in items}
    )
    return all(scores == sorted(scores, reverse=True) for scores in teams)


def _silence(lists: dict[str, list[dict]], history: Interactions) -> list[str]:
    return [
        f"{user or 'newcomers'} has an item without a reason"
        for user, items in sorted(lists.items())
        if not all(i["reason"] for i in items)
    ]


FAULTS: dict[str, Callable[[dict[str, list[dict]], Interactions], list[str]]] = {
    "lists_fit_their_schema": lambda lists, history: [],
    "every_listener_has_a_list": _missing,
    "nothing_heard_is_listed": _heard,
    "scores_are_finite_and_falling": _disorder,
    "every_item_has_a_reason": _silence,
}
"""Checks by name; each gives a sentence for each fault."""
