"""The blend treats its arms alike: a third needs no change outside its file and the registry."""

import pytest

from podrec_assets.recommend.ranking import lists
from podrec_assets.recommend.ranking.arms.registry import arm_weights, labelled_scores
from podrec_assets.recommend.ranking.inputs import RankingInputs
from podrec_assets.recommend.ranking.list_validation import faults
from podrec_assets.schemas import EPISODES
from podrec_assets_tests.recommend.ranking.arms.third_arm import register
from podrec_assets_tests.recommend.ranking.planted_lists import (
    TODAY,
    WIDE,
    als,
    episode,
    listener,
    near,
)

CATALOGUE = EPISODES.rows([episode(e) for e in ("a", "b", "h", "z")])
INPUTS = RankingInputs(listener(), als(a=4.0), near(h={"b": 0.5}), CATALOGUE, TODAY)


def test_the_weights_are_those_of_the_formula() -> None:
    assert arm_weights(0.25) == {"als": 0.25, "content": 0.75}


def test_another_arm_scores_and_explains_without_a_change_to_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """0.8 over 0.8 plus the shrinkage of 0.2 is 0.8, at half weight 0.4."""
    before = items_of_ann()
    register(monkeypatch, weight=0.5)
    after = items_of_ann()
    last = after.pop("z")
    assert (last["score"], last["third_score"], last["shares"]) == (0.4, 0.8, {"third": 1.0})
    assert (last["reason"], last["because"]) == ("The last one for listener 0.", "h")
    assert after == {e: item | {"third_score": 0.0} for e, item in before.items() if e != "z"}
    labelled = labelled_scores(last)
    assert (labelled["ALS"], labelled["content"], labelled["Third"]) == (0.0, 0.0, 0.8)


def test_the_gate_wants_the_score_of_every_arm(monkeypatch: pytest.MonkeyPatch) -> None:
    made_with_two = lists.recommend(INPUTS, [{"min_history": 0, "alpha": 0.5}], WIDE)
    assert faults(made_with_two, listener())[0].passed
    register(monkeypatch, weight=0.5)
    result = faults(made_with_two, listener())[0]
    assert "ann has items with missing or invalid third_score" in result.says


def items_of_ann() -> dict[str, dict]:
    """Returns the items of ann's list by episode, without their rank."""
    documents = lists.recommend(INPUTS, [{"min_history": 0, "alpha": 0.5}], WIDE)
    items = next(d["items"] for d in documents if d["user_id"] == "ann")
    return {i["episode_id"]: {k: v for k, v in i.items() if k != "rank"} for i in items}
