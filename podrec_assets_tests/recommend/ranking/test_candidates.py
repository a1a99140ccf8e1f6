"""Candidates: only published episodes of live shows, unheard, and serials in order."""

from dataclasses import replace

from podrec_assets.recommend.ranking.inputs import BlendConfig
from podrec_assets_tests.recommend.ranking.planted_lists import (
    als,
    crowd,
    episode,
    listener,
    lists,
    near,
)


def test_an_episode_dated_more_than_an_hour_after_the_day_is_not_listed() -> None:
    catalogue = [
        episode("out"),
        episode("skewed", age_days=-0.9 / 24),
        episode("ahead", age_days=-1.1 / 24),
    ]
    catalogue.append(episode("undated", published_at=None))
    by_listener = lists(
        listener(), als(ahead=4.0, out=1.0), near(h={"ahead": 0.9}), [*catalogue, episode("h")], 0.5
    )
    assert {i["episode_id"] for i in by_listener["ann"]} == {"out", "skewed", "undated"}
    assert {i["episode_id"] for i in by_listener[""]} == {"out", "skewed", "undated", "h"}
    assert lists(listener(), [], [], [episode("ahead", age_days=-9)], 0.5) == {"": [], "ann": []}


def test_a_part_of_a_serial_that_is_not_out_yet_is_skipped() -> None:
    parts = [
        episode(e, "s", age, is_serial=True, episode_number=n)
        for n, (e, age) in enumerate((("h", 9), ("b", -9), ("c", 8)))
    ]
    assert [i["episode_id"] for i in lists(listener(), [], [], parts, 0.5)["ann"]] == ["c"]


def test_dead_shows_are_left_out_while_any_show_is_alive() -> None:
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


def test_heard_and_unliked_episodes_are_never_listed_even_if_both_arms_nominate_them() -> None:
    catalogue = [episode(e) for e in ("h", "u", "a")]
    items = lists(
        listener(unliked="u"),
        als(h=9.0, u=9.0, a=1.0),
        near(h={"u": 1.0, "h": 1.0}),
        catalogue,
        0.5,
    )["ann"]
    assert [i["episode_id"] for i in items] == ["a"]


def test_what_was_heard_before_the_history_window_is_not_shown_again() -> None:
    history = replace(listener("h"), heard_before={"ann": {"old"}})
    by_listener = lists(
        history, als(old=5.0, new=1.0), [], [episode("h"), episode("old"), episode("new")], 1.0
    )
    assert [i["episode_id"] for i in by_listener["ann"]] == ["new"]


def test_only_the_earliest_unheard_part_of_a_serial_is_listed() -> None:
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


def test_a_withdrawn_episode_is_in_no_list_whatever_nominates_it_but_still_gives_reasons() -> None:
    catalogue = [episode("h"), episode("fresh", age_days=1), episode("hit"), episode("near")]
    models = als(because="h", fresh=9.0, hit=8.0), near(h={"fresh": 0.9, "near": 0.8})
    history = crowd(hit=3)
    before = lists(history, *models, catalogue, 0.5)
    assert before["ann"][0]["episode_id"] == "fresh"
    assert "fresh" in {i["episode_id"] for i in before[""]}
    after = lists(history, *models, catalogue, 0.5, withdrawn=frozenset({"h", "fresh"}))
    assert {i["episode_id"] for items in after.values() for i in items} == {"hit", "near"}
    assert {i["episode_id"]: i["because"] for i in after["ann"]} == {"hit": "h", "near": "h"}


def test_a_withdrawn_part_of_a_serial_is_skipped() -> None:
    parts = [
        episode(e, "s", 9, is_serial=True, episode_number=n) for n, e in enumerate(("a", "b", "c"))
    ]
    [first] = lists(listener(), [], [], parts, 0.5)["ann"]
    [second] = lists(listener(), [], [], parts, 0.5, withdrawn=frozenset("a"))["ann"]
    assert (first["episode_id"], second["episode_id"]) == ("a", "b")
