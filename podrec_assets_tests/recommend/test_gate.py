"""The gate: every fault of lists is found and named, and sound lists have none."""

from collections.abc import Callable

import pytest

from podrec_assets.recommend.gate import list_problems
from podrec_assets.recommend.interactions import Interactions
from podrec_assets_tests.recommend.planted import history_of


@pytest.fixture
def history() -> Interactions:
    found = history_of({"ann": {"e1": 1.0}, "bob": {"e1": 1.0, "e2": 1.0}})
    found.unliked["ann"].add("e9")
    return found


def item(rank: int, episode: str, score: float, reason: str = "Popular now.") -> dict:
    return {"rank": rank, "episode_id": episode, "score": score, "reason": reason}


def sound() -> dict[str, list[dict]]:
    return {
        "": [item(1, "e1", 1.0), item(2, "e2", 0.5)],
        "ann": [item(1, "e2", 0.9), item(2, "e3", 0.9)],
        "bob": [item(1, "e3", 0.25)],
    }


def problems(lists: dict[str, list[dict]], history: Interactions) -> list[str]:
    return list_problems([{"user_id": u, "items": items} for u, items in lists.items()], history)


def test_sound_lists_have_no_problems(history: Interactions) -> None:
    assert problems(sound(), history) == []


def test_an_empty_list_is_sound(history: Interactions) -> None:
    assert problems(sound() | {"bob": []}, history) == []


def test_a_listener_without_a_list_is_found(history: Interactions) -> None:
    assert problems({u: items for u, items in sound().items() if u != "bob"}, history) == ["bob has no list"]


def test_lists_without_one_for_newcomers_are_found(history: Interactions) -> None:
    assert problems({u: items for u, items in sound().items() if u}, history) == ["newcomers has no list"]


def spoil(change: Callable[[list[dict]], None]) -> dict[str, list[dict]]:
    lists = sound()
    change(lists["ann"])
    return lists


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda i: i[0].update(episode_id="e1"), "ann is shown 1 heard or unliked episodes"),
        (lambda i: i[0].update(episode_id="e9"), "ann is shown 1 heard or unliked episodes"),
        (lambda i: (i[0].update(episode_id="e9"), i[1].update(episode_id="e1")), "ann is shown 2 heard or unliked episodes"),
        (lambda i: i[1].update(episode_id="e2"), "ann is shown an episode twice"),
        (lambda i: i[1].update(rank=3), "ann has ranks that are not 1 to 2"),
        (lambda i: i[0].update(rank=0), "ann has ranks that are not 1 to 2"),
        (lambda i: i.reverse(), "ann has ranks that are not 1 to 2"),
        (lambda i: i[1].update(score=0.95), "ann has scores that are not finite and falling"),
        (lambda i: i[1].update(score=float("nan")), "ann has scores that are not finite and falling"),
        (lambda i: i[0].update(score=float("inf")), "ann has scores that are not finite and falling"),
        (lambda i: i[1].update(reason=""), "ann has an item without a reason"),
        (lambda i: i[1].update(reason=None), "ann has an item without a reason"),
    ],
)
def test_each_fault_is_named_with_its_listener(history: Interactions, change: Callable[[list[dict]], None], problem: str) -> None:
    assert problems(spoil(change), history) == [problem]


def test_faults_of_the_newcomers_list_are_found_too(history: Interactions) -> None:
    lists = sound()
    lists[""][1]["score"] = 2.0
    assert problems(lists, history) == ["newcomers has scores that are not finite and falling"]


def test_all_faults_are_listed_not_only_the_first(history: Interactions) -> None:
    lists = sound()
    del lists[""]
    lists["ann"][0].update(episode_id="e1", rank=7, score=float("nan"), reason="")
    assert problems(lists, history) == [
        "newcomers has no list",
        "ann is shown 1 heard or unliked episodes",
        "ann has ranks that are not 1 to 2",
        "ann has scores that are not finite and falling",
        "ann has an item without a reason",
    ]
