"""The ranked list: one formula, a cap on shows, serial shows in order, and reasons that are true."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking.blend import BlendConfig
from podrec_assets.recommend.ranking.inputs import RankingInputs
from podrec_assets.recommend.ranking.interleaving import Experiment
from podrec_assets.recommend.ranking.lists import recommend
from podrec_assets.schemas import EPISODES
from podrec_assets_tests.recommend.planted import history_of

TODAY = date(2026, 11, 10)
MIDNIGHT = datetime(2026, 11, 11, tzinfo=UTC)
WIDE = BlendConfig(
    list_length=20, per_show_cap=20, prior_weight=0.5, diversity=0.0, dead_show_days=10_000
)


def episode(name: str, show: str = "", age_days: float = 400, **other: object) -> dict:
    """An episode published so many days before the end of today; of a show of its own unless one is
    named.
    """
    show = show or f"of {name}"
    published = MIDNIGHT - timedelta(days=age_days)
    named = {
        "episode_id": name,
        "show_id": show,
        "show_title": f"Show {show}",
        "title": f"Title {name}",
    }
    return {"day": TODAY, "published_at": published, "is_serial": False} | named | other


def near(**neighbours: dict[str, float]) -> list[dict]:
    """Documents of similarities."""
    passage = {"here_s": 12.0, "here_text": "its own", "there_s": 61.0, "there_text": "the passage"}
    return [
        {
            "episode_id": e,
            "items": [{"episode_id": other, "score": s, **passage} for other, s in found.items()],
        }
        for e, found in neighbours.items()
    ]


def als(because: str | None = None, listeners: int = 0, **scores: float) -> list[dict]:
    """The ALS document of ann."""
    cause = {"because": because, "listener_count": listeners}
    return [
        {
            "user_id": "ann",
            "items": [{"episode_id": e, "score": s, **cause} for e, s in scores.items()],
        }
    ]


def listener(finished: str = "h", heard: str = "", unliked: str = "") -> Interactions:
    """ann, who has heard and finished the given episodes."""
    known = set(finished.split()) | set(heard.split())
    found = history_of({"ann": dict.fromkeys(known, 1.0)})
    found.finished["ann"].update(dict.fromkeys(finished.split(), 1.0))
    found.unliked["ann"].update(unliked.split())
    return found


def lists(
    history: Interactions, arms: list, similar: list, episodes: list, alpha: float, config: BlendConfig = WIDE,
    experiment: Experiment | None = None,
) -> dict:  # fmt: skip
    weights = [{"min_history": 0, "alpha": alpha}]
    inputs = RankingInputs(history, arms, similar, EPISODES.rows(episodes), TODAY)
    documents = recommend(inputs, weights, config, experiment)
    return {d["user_id"]: d["items"] for d in documents}


def scores(items: list[dict]) -> dict[str, float]:
    return {i["episode_id"]: i["score"] for i in items}


def test_what_was_heard_before_the_history_window_is_not_shown_again():
    history = replace(listener("h"), heard_before={"ann": {"old"}})
    found = lists(
        history, als(old=5.0, new=1.0), [], [episode("h"), episode("old"), episode("new")], 1.0
    )
    assert [i["episode_id"] for i in found["ann"]] == ["new"]


def test_the_score_is_alpha_of_als_and_the_rest_of_content_each_over_its_largest_and_a_fifth() -> (
    None
):
    """als: a 4/4.2, b 1/4.2. Half of all have a nearest similarity of 0.5 or more, so kin: a
    (0.1/0.5)^2, b 1, each over 1.5; cosine: b 0.66667/0.86667, a 0.02667/0.86667. c has neither.
    """
    catalogue = [episode(e) for e in ("a", "b", "c", "h")]
    found = lists(listener(), als(a=4.0, b=1.0), near(h={"a": 0.1, "b": 0.5}), catalogue, 0.7)[
        "ann"
    ]
    assert scores(found) == {"a": 0.6759, "b": 0.39744, "c": 0.0}
    assert [(i["rank"], i["als"], i["cosine"]) for i in found] == [
        (1, 0.95238, 0.03077),
        (2, 0.2381, 0.76923),
        (3, 0.0, 0.0),
    ]


def test_an_episode_dated_more_than_an_hour_past_the_day_is_in_no_list_of_it() -> None:
    catalogue = [
        episode("out"),
        episode("skewed", age_days=-0.9 / 24),
        episode("ahead", age_days=-1.1 / 24),
    ]
    catalogue.append(episode("undated", published_at=None))
    found = lists(
        listener(), als(ahead=4.0, out=1.0), near(h={"ahead": 0.9}), [*catalogue, episode("h")], 0.5
    )
    assert {i["episode_id"] for i in found["ann"]} == {"out", "skewed", "undated"}
    assert {i["episode_id"] for i in found[""]} == {"out", "skewed", "undated", "h"}
    assert lists(listener(), [], [], [episode("ahead", age_days=-9)], 0.5) == {"": [], "ann": []}


def test_a_part_of_a_serial_that_is_not_out_yet_is_passed_over() -> None:
    parts = [
        episode(e, "s", age, is_serial=True, episode_number=n)
        for n, (e, age) in enumerate((("h", 9), ("b", -9), ("c", 8)))
    ]
    assert [i["episode_id"] for i in lists(listener(), [], [], parts, 0.5)["ann"]] == ["c"]


@pytest.mark.parametrize(
    ("alpha", "expected"), [(1.0, {"a": 0.95238, "b": 0.2381}), (0.0, {"b": 0.76923, "a": 0.03077})]
)
def test_alpha_one_is_als_alone_and_alpha_zero_content_alone(
    alpha: float, expected: dict[str, float]
) -> None:
    found = lists(
        listener(),
        als(a=4.0, b=1.0),
        near(h={"a": 0.1, "b": 0.5}),
        [episode("a"), episode("b")],
        alpha,
    )["ann"]
    assert list(scores(found).items()) == list(expected.items())
    assert {s for i in found for s in i["sources"]} == ({"als"} if alpha else {"content"})


def test_kin_of_all_that_was_heard_adds_up_and_what_was_not_finished_counts_half() -> None:
    """Every nearest similarity is 0.5 or 1, their median 0.75: a (1/9*4 + 1)/1.5, b half of (1 ->
    clipped)/1.5.
    """
    similar = near(h1={"a": 0.5}, h2={"a": 1.0}, h3={"b": 1.0}, x={"y": 0.5})
    found = lists(listener("h1 h2", heard="h3"), [], similar, [episode("a"), episode("b")], 0.0)[
        "ann"
    ]
    assert found[0]["cosine"] / found[1]["cosine"] == pytest.approx(
        (1 + (0.5 / 1.0) ** 2) / 0.5, rel=1e-3
    )


def test_an_episode_of_a_show_that_was_played_is_kin_without_a_transcript() -> None:
    found = lists(
        listener(), [], [], [episode("h", "s"), episode("a", "s"), episode("b", "t")], 0.0
    )["ann"]
    assert [(i["episode_id"], i["cosine"] > 0) for i in found] == [("a", True), ("b", False)]
    assert found[0]["reason"] == "You finished “Title h”, of the same show."


def test_what_is_kin_to_ignored_episodes_falls_below_what_nobody_knows() -> None:
    history = listener()
    history.exposures["ann"] = {"h": 1.0, "x": 3.0}
    catalogue = [episode("h"), episode("x", "s"), episode("a", "s"), episode("b", "t")]
    found = {i["episode_id"]: i["cosine"] for i in lists(history, [], [], catalogue, 0.0)["ann"]}
    assert found["b"] == 0.0
    assert -1.0 <= found["a"] < -0.1


def test_an_old_listen_speaks_less_than_a_new_one() -> None:
    history = listener("old new")
    history.recency["ann"] = {"old": 0.25, "new": 1.0}
    found = lists(
        history, [], near(old={"a": 0.5}, new={"b": 0.5}), [episode("a"), episode("b")], 0.0
    )["ann"]
    assert [i["episode_id"] for i in found] == ["b", "a"]
    assert found[1]["cosine"] / found[0]["cosine"] == pytest.approx(0.25, rel=1e-3)


def test_a_listener_who_finished_nothing_is_judged_by_what_was_heard() -> None:
    found = lists(
        listener("", heard="h"), [], near(h={"a": 0.5}), [episode("a"), episode("h")], 0.0
    )["ann"]
    assert found[0]["sources"] == ["content"]
    assert found[0]["reason"].startswith("You listened to “Title h”;")


def crowd(**plays: int) -> Interactions:
    """ann, who heard h, and others: so many of them heard and finished each of the given episodes."""
    heard = {
        f"u{n}": {e: 1.0 for e, count in plays.items() if n < count}
        for n in range(max(plays.values()))
    }
    found = history_of({"ann": {"h": 1.0}} | heard)
    for user, episodes in heard.items():
        found.finished[user].update(episodes)
    found.recent_plays.update({e: float(n) for e, n in plays.items()})
    return found


def test_what_all_finish_and_what_is_new_add_five_and_one_twelfth_at_most() -> None:
    """hit 0.5 * 5/6, half of its listeners half of that, new 0.5 * (1 - 3.5/7)/6; ann's own h,
    heard by one, is a quarter.
    """
    catalogue = [
        episode("hit"),
        episode("half"),
        episode("new", age_days=3.5),
        episode("both", age_days=0),
        episode("old"),
    ]
    found = lists(crowd(hit=4, half=2, both=4), [], [], catalogue, 0.5)["ann"]
    assert list(scores(found).items()) == [
        ("both", 0.5),
        ("hit", 0.41667),
        ("half", 0.20833),
        ("new", 0.04167),
        ("old", 0.0),
    ]
    assert [i["sources"] for i in found] == [
        ["popular", "fresh"],
        ["popular"],
        ["popular"],
        ["fresh"],
        ["catalogue"],
    ]
    assert found[0]["reason"] == "Popular now: 4 listeners played it."


def test_an_episode_that_nobody_was_shown_has_the_mean_reception_and_one_that_is_ignored_the_least() -> (
    None
):
    history = crowd(hit=4)
    for n in range(4):
        history.exposures[f"u{n}"] = {"hit": 1.0, "dud": 3.0}
    found = {
        i["episode_id"]: i["prior"]
        for i in lists(history, [], [], [episode(e) for e in ("hit", "dud", "cold")], 0.5)["ann"]
    }
    assert found["hit"] > found["cold"] > found["dud"] == 0.0


def test_shows_that_have_died_are_left_out_while_any_lives() -> None:
    config = BlendConfig(20, 20, dead_show_days=100)
    catalogue = [
        episode("dead", age_days=101),
        episode("alive", age_days=99),
        episode("old", "loved", 900),
        episode("hit", "loved", 999),
    ]
    assert {
        i["episode_id"] for i in lists(crowd(hit=1), [], [], catalogue, 0.5, config)["ann"]
    } == {"alive", "old", "hit"}
    assert {
        i["episode_id"] for i in lists(listener(), [], [], catalogue[:1], 0.5, config)["ann"]
    } == {"dead"}


def test_shares_of_the_sources_add_up_to_one_and_are_what_each_gave() -> None:
    catalogue = [episode("a", age_days=3.5), episode("b"), episode("h")]
    found = lists(
        listener(),
        als(because="h", listeners=2, a=4.0, b=1.0),
        near(h={"a": 0.5, "b": 0.5}),
        catalogue,
        0.6,
    )["ann"]
    assert all(sum(i["shares"].values()) == pytest.approx(1.0, abs=1e-9) for i in found)
    given = {"als": 0.6 * 0.95238, "content": 0.4 * 0.76923, "fresh": 0.5 * 0.5 / 6}
    assert found[0]["shares"] == {
        n: pytest.approx(g / sum(given.values()), abs=2e-4) for n, g in given.items()
    }
    assert found[0]["score"] == pytest.approx(sum(given.values()), abs=1e-4)


def test_likeness_to_what_stands_above_costs_rank_and_scores_still_fall() -> None:
    catalogue = [episode("a1", "s"), episode("a2", "s"), episode("b", "t")]
    ranked = als(a1=1.0, a2=0.9, b=0.8)
    plain, varied = (
        lists(listener(), ranked, [], catalogue, 1.0, BlendConfig(20, 20, 0.5, d, 10_000))["ann"]
        for d in (0.0, 0.6)
    )
    assert [i["episode_id"] for i in plain] == ["a1", "a2", "b"]
    assert [i["episode_id"] for i in varied] == ["a1", "b", "a2"]
    assert varied[2]["overlap"] == pytest.approx(0.6 * 0.5 / 1.5)
    assert varied[2]["score"] == pytest.approx(plain[1]["score"] - varied[2]["overlap"])
    assert [i["score"] for i in varied] == sorted((i["score"] for i in varied), reverse=True)


def test_heard_and_unliked_episodes_are_in_no_list_even_when_both_arms_want_them() -> None:
    catalogue = [episode(e) for e in ("h", "u", "a")]
    found = lists(
        listener(unliked="u"),
        als(h=9.0, u=9.0, a=1.0),
        near(h={"u": 1.0, "h": 1.0}),
        catalogue,
        0.5,
    )["ann"]
    assert [i["episode_id"] for i in found] == ["a"]


def test_no_show_has_more_than_its_cap_and_others_move_up() -> None:
    catalogue = [episode(f"a{n}", "big") for n in range(5)] + [
        episode("z1", "small"),
        episode("z2", "small"),
    ]
    ranked = als(a0=9.0, a1=8.0, a2=7.0, a3=6.0, a4=5.0, z1=2.0, z2=1.0)
    found = lists(listener(), ranked, [], catalogue, 1.0, BlendConfig(4, 2, dead_show_days=10_000))[
        "ann"
    ]
    assert [(i["rank"], i["episode_id"]) for i in found] == [
        (1, "a0"),
        (2, "a1"),
        (3, "z1"),
        (4, "z2"),
    ]


def test_of_a_serial_show_only_the_earliest_part_left_is_shown() -> None:
    parts = [
        episode(f"p{s}{n}", "tale", is_serial=True, season=s, episode_number=n)
        for s in (1, 2)
        for n in (1, 2)
    ]
    ranked = als(p22=9.0, p21=8.0, p12=7.0, p11=6.0, a=1.0)
    catalogue = [*parts, episode("a")]
    assert [i["episode_id"] for i in lists(listener("h"), ranked, [], catalogue, 1.0)["ann"]] == [
        "p11",
        "a",
    ]
    assert [
        i["episode_id"] for i in lists(listener("p11 p12"), ranked, [], catalogue, 1.0)["ann"]
    ] == ["p21", "a"]


def test_equal_scores_are_in_order_of_episode_id() -> None:
    found = lists(listener(), [], [], [episode(e) for e in ("c", "a", "b")], 0.5)["ann"]
    assert [i["episode_id"] for i in found] == ["a", "b", "c"]


def test_newcomers_see_the_shows_in_turn_by_popularity_with_falling_scores() -> None:
    catalogue = [episode(e, e[0]) for e in ("a1", "a2", "a3", "b1", "b2", "c1")]
    history = crowd(a1=9, a2=8, a3=7, b1=2)
    found = lists(history, [], [], catalogue, 0.5, BlendConfig(5, 4, dead_show_days=10_000))[""]
    assert list(scores(found).items()) == [
        ("a1", 1.0),
        ("b1", 0.8),
        ("c1", 0.6),
        ("a2", 0.4),
        ("b2", 0.2),
    ]
    assert all(i["because"] is None for i in found)


def test_newcomers_too_get_a_show_up_to_its_cap_and_a_serial_one_by_its_first_part() -> None:
    parts = [episode(f"p{n}", "tale", is_serial=True, episode_number=n) for n in (1, 2)]
    catalogue = [*parts, *(episode(e, "big") for e in ("a1", "a2", "a3"))]
    found = lists(
        crowd(p2=9, a1=8, a2=7, a3=6),
        [],
        [],
        catalogue,
        0.5,
        BlendConfig(9, 2, dead_show_days=10_000),
    )[""]
    assert [i["episode_id"] for i in found] == ["a1", "p1", "a2"]


def test_there_is_a_list_for_newcomers_first_and_then_one_for_each_listener() -> None:
    history = history_of({"zoe": {"h": 1.0}, "ann": {"h": 1.0}})
    assert list(lists(history, [], [], [episode("a")], 0.5)) == ["", "ann", "zoe"]


def test_the_reason_of_the_stronger_arm_comes_first_and_its_episode_is_named() -> None:
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


def test_an_arm_that_gives_less_than_a_quarter_is_not_told() -> None:
    arms, similar = als(because="g", listeners=3, a=1.0), near(h={"a": 1.0})
    found = lists(listener("h g"), arms, similar, [episode("a"), episode("h"), episode("g")], 0.8)[
        "ann"
    ][0]
    assert found["reason"] == "3 listeners who played “Title g” as you did also played this."
    assert found["sources"] == ["als", "content"]


def test_a_liked_episode_that_was_played_in_part_is_not_called_finished() -> None:
    history = listener()
    history.finished["ann"]["h"] = 0.3
    found = lists(history, [], near(h={"a": 1.0}), [episode("a"), episode("h")], 0.0)["ann"][0]
    assert found["reason"].startswith("You listened to “Title h”;")


def test_reasons_name_only_heard_episodes_and_every_item_has_one() -> None:
    history = listener("h1 h2", heard="h3")
    catalogue = [episode(f"e{n}", f"s{n % 4}", age_days=n) for n in range(12)] + [
        episode(f"h{n}") for n in (1, 2, 3)
    ]
    similar = near(
        h1={"e1": 0.9, "e2": 0.2}, h2={"e2": 0.8, "e5": 0.1}, e1={"e3": 1.0}, gone={"e4": 1.0}
    )
    found = lists(history, als(because="h3", listeners=2, e7=2.0, e2=1.0), similar, catalogue, 0.5)[
        "ann"
    ]
    assert {i["episode_id"]: i["because"] for i in found if i["because"]} == {
        "e1": "h1",
        "e2": "h2",
        "e7": "h3",
    }
    assert all(i["reason"] for i in found)
    assert all(f"Title {n}" not in i["reason"] for i in found for n in scores(found))


def test_a_cause_outside_the_catalogue_is_not_named() -> None:
    found = lists(
        listener("gone"),
        als(because="gone", listeners=4, a=1.0),
        near(gone={"a": 1.0}),
        [episode("a")],
        0.5,
    )["ann"][0]
    assert (found["because"], found["reason"]) == (
        None,
        "Listeners with a history like yours play this.",
    )
