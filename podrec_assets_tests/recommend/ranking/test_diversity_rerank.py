"""Reranking: the cap on shows and the penalty for similar episodes."""

import pytest

from podrec_assets.recommend.ranking.inputs import BlendConfig
from podrec_assets_tests.recommend.ranking.planted_lists import als, episode, listener, lists


def test_similarity_to_episodes_above_costs_rank_and_scores_still_fall() -> None:
    catalogue = [episode("a1", "s"), episode("a2", "s"), episode("b", "t")]
    ranked = als(a1=1.0, a2=0.9, b=0.8)
    plain, diverse = (
        lists(listener(), ranked, [], catalogue, 1.0, BlendConfig(20, 20, 0.5, d, 10_000))["ann"]
        for d in (0.0, 0.6)
    )
    assert [i["episode_id"] for i in plain] == ["a1", "a2", "b"]
    assert [i["episode_id"] for i in diverse] == ["a1", "b", "a2"]
    assert diverse[2]["overlap"] == pytest.approx(0.6 * 0.5 / 1.5)
    assert diverse[2]["score"] == pytest.approx(plain[1]["score"] - diverse[2]["overlap"])
    assert [i["score"] for i in diverse] == sorted((i["score"] for i in diverse), reverse=True)


def test_no_show_exceeds_its_cap_and_others_move_up() -> None:
    catalogue = [episode(f"a{n}", "big") for n in range(5)] + [
        episode("z1", "small"),
        episode("z2", "small"),
    ]
    ranked = als(a0=9.0, a1=8.0, a2=7.0, a3=6.0, a4=5.0, z1=2.0, z2=1.0)
    items = lists(listener(), ranked, [], catalogue, 1.0, BlendConfig(4, 2, dead_show_days=10_000))[
        "ann"
    ]
    assert [(i["rank"], i["episode_id"]) for i in items] == [
        (1, "a0"),
        (2, "a1"),
        (3, "z1"),
        (4, "z2"),
    ]
