"""The faults that the gate looks for: each is found, counted and named; sound lists have none."""

from collections.abc import Callable

import pytest

from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking.arms.registry import score_fields
from podrec_assets.recommend.ranking.list_validation import FAULTS, faults
from podrec_assets_tests.recommend.planted import history_of


@pytest.fixture
def history() -> Interactions:
    history = history_of({"ann": {"e1": 1.0}, "bob": {"e1": 1.0, "e2": 1.0}})
    history.unliked["ann"].add("e9")
    return history


def item(rank: int, episode: str, score: float, reason: str = "Popular now.") -> dict:
    return {
        "rank": rank,
        "episode_id": episode,
        "score": score,
        "reason": reason,
        **dict.fromkeys(score_fields(), 0.5),
        "show_id": "s",
        "show_title": "Show",
        "title": None,
        "sources": ["als"],
        "causes": {},
    }


def sound() -> dict[str, list[dict]]:
    return {
        "": [item(1, "e1", 1.0), item(2, "e2", 0.5)],
        "ann": [item(1, "e2", 0.9), item(2, "e3", 0.9)],
        "bob": [item(1, "e3", 0.25)],
    }


def problems(lists: dict[str, list[dict]], history: Interactions) -> list[str]:
    """Returns `check: says` of the failed checks."""
    results = faults([{"user_id": u, "items": items} for u, items in lists.items()], history)
    assert [r.check for r in results] == list(FAULTS)
    assert not any(r.forceable for r in results)
    return [f"{r.check}: {r.says}" for r in results if not r.passed]


def test_sound_lists_have_no_problems(history: Interactions) -> None:
    assert problems(sound(), history) == []


def test_an_empty_list_is_sound(history: Interactions) -> None:
    assert problems(sound() | {"bob": []}, history) == []


def test_a_missing_list_is_found(history: Interactions) -> None:
    assert problems({u: items for u, items in sound().items() if u != "bob"}, history) == [
        "every_listener_has_a_list: bob has no list"
    ]


def test_a_missing_newcomers_list_is_found(history: Interactions) -> None:
    assert problems({u: items for u, items in sound().items() if u}, history) == [
        "every_listener_has_a_list: newcomers has no list"
    ]


def spoil(change: Callable[[list[dict]], None]) -> dict[str, list[dict]]:
    lists = sound()
    change(lists["ann"])
    return lists


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda i: i[0].update(episode_id="e1"),
            "nothing_heard_is_listed: ann is shown 1 heard or unliked episodes",
        ),
        (
            lambda i: i[0].update(episode_id="e9"),
            "nothing_heard_is_listed: ann is shown 1 heard or unliked episodes",
        ),
        (
            lambda i: (i[0].update(episode_id="e9"), i[1].update(episode_id="e1")),
            "nothing_heard_is_listed: ann is shown 2 heard or unliked episodes",
        ),
        (
            lambda i: i[1].update(episode_id="e2"),
            "scores_are_finite_and_falling: ann is shown an episode twice",
        ),
        (
            lambda i: i[1].update(rank=3),
            "scores_are_finite_and_falling: ann has ranks that are not 1 to 2",
        ),
        (
            lambda i: i[0].update(rank=0),
            "scores_are_finite_and_falling: ann has ranks that are not 1 to 2",
        ),
        (lambda i: i.reverse(), "scores_are_finite_and_falling: ann has ranks that are not 1 to 2"),
        (
            lambda i: i[1].update(score=0.95),
            "scores_are_finite_and_falling: ann has scores that are not finite and falling",
        ),
        (
            lambda i: i[1].update(score=float("nan")),
            "scores_are_finite_and_falling: ann has scores that are not finite and falling",
        ),
        (
            lambda i: i[0].update(score=float("inf")),
            "scores_are_finite_and_falling: ann has scores that are not finite and falling",
        ),
        (
            lambda i: i[1].update(reason=""),
            "every_item_has_a_reason: ann has an item without a reason",
        ),
    ],
)
def test_each_fault_is_named_with_its_listener(
    history: Interactions, change: Callable[[list[dict]], None], problem: str
) -> None:
    assert problems(spoil(change), history) == [problem]


def test_faults_in_the_newcomers_list_are_found(history: Interactions) -> None:
    lists = sound()
    lists[""][1]["score"] = 2.0
    assert problems(lists, history) == [
        "scores_are_finite_and_falling: newcomers has scores that are not finite and falling"
    ]


def test_all_faults_are_reported_not_only_the_first(history: Interactions) -> None:
    lists = sound()
    del lists[""]
    lists["ann"][0].update(episode_id="e1", rank=7, score=float("nan"), reason="")
    assert problems(lists, history) == [
        "every_listener_has_a_list: newcomers has no list",
        "nothing_heard_is_listed: ann is shown 1 heard or unliked episodes",
        "scores_are_finite_and_falling: ann has ranks that are not 1 to 2, "
        "ann has scores that are not finite and falling",
        "every_item_has_a_reason: ann has an item without a reason",
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reason", None),
        ("score", "0.9"),
        ("rank", 1.5),
        ("rank", True),
        ("title", 7),
        ("sources", None),
        ("als", ...),
    ],
)
def test_an_item_of_another_shape_fails_every_check_and_its_field_is_named(
    history: Interactions, field: str, value: object
) -> None:
    lists = sound()
    lists["ann"][0][field] = value
    if value is ...:
        del lists["ann"][0][field]
    failures = problems(lists, history)
    assert failures[0] == f"lists_fit_their_schema: ann has items with missing or invalid {field}"
    assert failures[1:] == [f"{name}: not readable" for name in list(FAULTS)[1:]]


def test_a_document_without_user_id_or_items_is_named(history: Interactions) -> None:
    result = faults([{"user_id": None, "items": []}, {"user_id": "ann"}], history)[0]
    assert (result.passed, result.value) == (False, 2)
    assert (
        result.says
        == "document of None lacks user_id or items, document of 'ann' lacks user_id or items"
    )


def test_of_many_faults_some_are_named_and_all_are_counted() -> None:
    many = history_of({f"u{n:02}": {"e1": 1.0} for n in range(12)})
    result = faults([{"user_id": "", "items": []}], many)[1]
    assert (result.passed, result.value, result.bound) == (False, 12, 0)
    assert result.says.endswith("u04 has no list and 7 more")


def test_scores_of_an_interleaved_list_need_only_fall_within_each_team(
    history: Interactions,
) -> None:
    teams = [("e2", 0.4, "a"), ("e3", 0.9, "b"), ("e4", 0.3, "a"), ("e5", 0.8, "b")]

    def listed(scores: list[float]) -> dict[str, list[dict]]:
        items = [
            item(n, e, s) | {"team": t}
            for n, ((e, _, t), s) in enumerate(zip(teams, scores, strict=True), start=1)
        ]
        return sound() | {"ann": items}

    assert problems(listed([s for _, s, _ in teams]), history) == []
    assert problems(listed([0.4, 0.7, 0.3, 0.8]), history) == [
        "scores_are_finite_and_falling: ann has scores that are not finite and falling"
    ]
