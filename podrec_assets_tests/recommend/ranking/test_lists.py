"""Ranked lists: the formula, the list of newcomers, and reasons that are true."""

import pytest

from podrec_assets.recommend.ranking.inputs import BlendConfig
from podrec_assets_tests.recommend.planted import history_of
from podrec_assets_tests.recommend.ranking.planted_lists import (
    als,
    crowd,
    episode,
    listener,
    lists,
    near,
    scores,
)


def test_the_score_is_the_weighted_sum_of_the_normalised_arms() -> None:
    """An arm is divided by its largest value plus 0.2.

    ALS: a 4/4.2, b 1/4.2. The typical nearest score is 0.5, so a is similar to h by (0.1/0.5)^2 and
    b by 1, each over 1.5; cosine: b 0.66667/0.86667, a 0.02667/0.86667. c has neither.
    """
    catalogue = [episode(e) for e in ("a", "b", "c", "h")]
    similarities = near(h={"a": 0.1, "b": 0.5})
    items = lists(listener(), als(a=4.0, b=1.0), similarities, catalogue, 0.7)["ann"]
    assert scores(items) == {"a": 0.6759, "b": 0.39744, "c": 0.0}
    assert [(i["rank"], i["als"], i["cosine"]) for i in items] == [
        (1, 0.95238, 0.03077),
        (2, 0.2381, 0.76923),
        (3, 0.0, 0.0),
    ]


@pytest.mark.parametrize(
    ("alpha", "expected"), [(1.0, {"a": 0.95238, "b": 0.2381}), (0.0, {"b": 0.76923, "a": 0.03077})]
)
def test_alpha_one_is_als_alone_and_alpha_zero_content_alone(
    alpha: float, expected: dict[str, float]
) -> None:
    items = lists(
        listener(),
        als(a=4.0, b=1.0),
        near(h={"a": 0.1, "b": 0.5}),
        [episode("a"), episode("b")],
        alpha,
    )["ann"]
    assert list(scores(items).items()) == list(expected.items())
    assert {s for i in items for s in i["sources"]} == ({"als"} if alpha else {"content"})


def test_shares_add_up_to_one_and_follow_the_contributions() -> None:
    catalogue = [episode("a", age_days=3.5), episode("b"), episode("h")]
    items = lists(
        listener(),
        als(because="h", listeners=2, a=4.0, b=1.0),
        near(h={"a": 0.5, "b": 0.5}),
        catalogue,
        0.6,
    )["ann"]
    assert all(sum(i["shares"].values()) == pytest.approx(1.0, abs=1e-9) for i in items)
    contributions = {"als": 0.6 * 0.95238, "content": 0.4 * 0.76923, "fresh": 0.5 * 0.5 / 6}
    assert items[0]["shares"] == {
        n: pytest.approx(c / sum(contributions.values()), abs=2e-4)
        for n, c in contributions.items()
    }
    assert items[0]["score"] == pytest.approx(sum(contributions.values()), abs=1e-4)


def test_equal_scores_are_in_order_of_episode_id() -> None:
    items = lists(listener(), [], [], [episode(e) for e in ("c", "a", "b")], 0.5)["ann"]
    assert [i["episode_id"] for i in items] == ["a", "b", "c"]


def test_newcomers_get_the_shows_in_turn_by_popularity_with_falling_scores() -> None:
    catalogue = [episode(e, e[0]) for e in ("a1", "a2", "a3", "b1", "b2", "c1")]
    history = crowd(a1=9, a2=8, a3=7, b1=2)
    items = lists(history, [], [], catalogue, 0.5, BlendConfig(5, 4, dead_show_days=10_000))[""]
    assert list(scores(items).items()) == [
        ("a1", 1.0),
        ("b1", 0.8),
        ("c1", 0.6),
        ("a2", 0.4),
        ("b2", 0.2),
    ]
    assert all(i["because"] is None for i in items)


def test_newcomers_get_a_show_up_to_its_cap_and_a_serial_from_its_first_part() -> None:
    parts = [episode(f"p{n}", "tale", is_serial=True, episode_number=n) for n in (1, 2)]
    catalogue = [*parts, *(episode(e, "big") for e in ("a1", "a2", "a3"))]
    items = lists(
        crowd(p2=9, a1=8, a2=7, a3=6),
        [],
        [],
        catalogue,
        0.5,
        BlendConfig(9, 2, dead_show_days=10_000),
    )[""]
    assert [i["episode_id"] for i in items] == ["a1", "p1", "a2"]


def test_the_list_for_newcomers_comes_first_and_then_one_for_each_listener() -> None:
    history = history_of({"zoe": {"h": 1.0}, "ann": {"h": 1.0}})
    assert list(lists(history, [], [], [episode("a")], 0.5)) == ["", "ann", "zoe"]


def test_the_reason_of_the_stronger_arm_comes_first_and_names_its_episode() -> None:
    catalogue = [episode(e) for e in ("a", "h", "g")]
    arms = als(because="g", listeners=3, a=1.0)
    history = listener("h g")
    from_als = "3 listeners who played “Title g” as you did also played this."
    content = (
        "You finished “Title h”; its passage at 0:12 is close to this one's at 1:01: “the passage”."
    )
    by_als, by_content = (
        lists(history, arms, near(h={"a": 1.0}), catalogue, a)["ann"][0] for a in (0.6, 0.4)
    )
    assert (by_als["because"], by_als["reason"], by_als["sources"]) == (
        "g",
        f"{from_als} {content}",
        ["als", "content"],
    )
    assert (by_content["because"], by_content["reason"]) == ("h", f"{content} {from_als}")


def test_an_arm_with_less_than_a_quarter_of_the_score_gives_no_reason() -> None:
    arms, similar = als(because="g", listeners=3, a=1.0), near(h={"a": 1.0})
    first = lists(listener("h g"), arms, similar, [episode("a"), episode("h"), episode("g")], 0.8)[
        "ann"
    ][0]
    assert first["reason"] == "3 listeners who played “Title g” as you did also played this."
    assert first["sources"] == ["als", "content"]


def test_reasons_name_only_heard_episodes_and_every_item_has_one() -> None:
    history = listener("h1 h2", heard="h3")
    catalogue = [episode(f"e{n}", f"s{n % 4}", age_days=n) for n in range(12)] + [
        episode(f"h{n}") for n in (1, 2, 3)
    ]
    similar = near(
        h1={"e1": 0.9, "e2": 0.2}, h2={"e2": 0.8, "e5": 0.1}, e1={"e3": 1.0}, gone={"e4": 1.0}
    )
    items = lists(history, als(because="h3", listeners=2, e7=2.0, e2=1.0), similar, catalogue, 0.5)[
        "ann"
    ]
    assert {i["episode_id"]: i["because"] for i in items if i["because"]} == {
        "e1": "h1",
        "e2": "h2",
        "e7": "h3",
    }
    assert all(i["reason"] for i in items)
    assert all(f"Title {n}" not in i["reason"] for i in items for n in scores(items))


def test_a_cause_outside_the_catalogue_is_not_named() -> None:
    first = lists(
        listener("gone"),
        als(because="gone", listeners=4, a=1.0),
        near(gone={"a": 1.0}),
        [episode("a")],
        0.5,
    )["ann"][0]
    assert (first["because"], first["reason"]) == (
        None,
        "Listeners with a history like yours chose this.",
    )
