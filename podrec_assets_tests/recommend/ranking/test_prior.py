"""The prior: reception by all listeners, and newness."""

from podrec_assets_tests.recommend.ranking.planted_lists import crowd, episode, lists, scores


def test_reception_adds_at_most_five_twelfths_and_newness_one_twelfth() -> None:
    """So hit has 0.5 * 5/6, with half the listeners half of that; new 0.5 * (1 - 3.5/7)/6."""
    catalogue = [
        episode("hit"),
        episode("half"),
        episode("new", age_days=3.5),
        episode("both", age_days=0),
        episode("old"),
    ]
    items = lists(crowd(hit=4, half=2, both=4), [], [], catalogue, 0.5)["ann"]
    assert list(scores(items).items()) == [
        ("both", 0.5),
        ("hit", 0.41667),
        ("half", 0.20833),
        ("new", 0.04167),
        ("old", 0.0),
    ]
    assert [i["sources"] for i in items] == [
        ["popular", "fresh"],
        ["popular"],
        ["popular"],
        ["fresh"],
        ["catalogue"],
    ]
    assert items[0]["reason"] == "Popular now: 4 listeners played it."


def test_reception_is_lowest_for_an_ignored_episode_and_average_for_one_never_shown() -> None:
    history = crowd(hit=4)
    for n in range(4):
        history.exposures[f"u{n}"] = {"hit": 1.0, "dud": 3.0}
    catalogue = [episode(e) for e in ("hit", "dud", "cold")]
    items = lists(history, [], [], catalogue, 0.5)["ann"]
    prior = {i["episode_id"]: i["prior"] for i in items}
    assert prior["hit"] > prior["cold"] > prior["dud"] == 0.0
