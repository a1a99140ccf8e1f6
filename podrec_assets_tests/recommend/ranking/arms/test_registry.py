"""The blend treats its arms alike: a third needs no change outside its file and the registry."""

from typing import Any, ClassVar

import numpy as np
import pytest

from podrec_assets.recommend.ranking import blend, lists
from podrec_assets.recommend.ranking.arms.protocol import ArmScores, Reason
from podrec_assets.recommend.ranking.arms.registry import arm_weights, build_arms
from podrec_assets.recommend.ranking.inputs import RankingInputs
from podrec_assets.schemas import EPISODES
from podrec_assets_tests.recommend.ranking.planted_lists import (
    TODAY,
    WIDE,
    als,
    episode,
    listener,
    near,
)


class ThirdArm:
    """Wants the last episode most."""

    name: ClassVar[str] = "third"
    score_field: ClassVar[str] = "third"

    def __init__(self, size: int) -> None:
        self._size = size

    def scores(self, users: range) -> ArmScores:
        values = np.zeros((len(users), self._size))
        values[:, -1] = 0.8
        return ArmScores(values, values > 0)

    def reasons(self, user: int, columns: list[int]) -> list[Reason | None]:
        reason = Reason(f"The last one for listener {user}.", "h")
        return [reason if c == self._size - 1 else None for c in columns]


def test_the_weights_are_those_of_the_formula() -> None:
    assert arm_weights(0.25) == {"als": 0.25, "content": 0.75}


def test_another_arm_scores_and_explains_without_a_change_to_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """0.8 over 0.8 plus the shrinkage of 0.2 is 0.8, at half weight 0.4."""

    def build_three(inputs: RankingInputs, candidates: Any, *others: Any) -> tuple:
        return (*build_arms(inputs, candidates, *others), ThirdArm(len(candidates.ids)))

    def weights(alpha: Any) -> dict:
        return arm_weights(alpha) | {"third": 0.5}

    episodes = EPISODES.rows([episode(e) for e in ("a", "b", "h", "z")])
    inputs = RankingInputs(listener(), als(a=4.0), near(h={"b": 0.5}), episodes, TODAY)
    before = items_of_ann(inputs)
    monkeypatch.setattr(blend, "build_arms", build_three)
    monkeypatch.setattr(blend, "arm_weights", weights)
    after = items_of_ann(inputs)
    last = after.pop("z")
    assert (last["score"], last["third"], last["shares"]) == (0.4, 0.8, {"third": 1.0})
    assert (last["reason"], last["because"]) == ("The last one for listener 0.", "h")
    assert after == {e: item | {"third": 0.0} for e, item in before.items() if e != "z"}


def items_of_ann(inputs: RankingInputs) -> dict[str, dict]:
    """Returns the items of ann's list by episode, without their rank."""
    documents = lists.recommend(inputs, [{"min_history": 0, "alpha": 0.5}], WIDE)
    items = next(d["items"] for d in documents if d["user_id"] == "ann")
    return {i["episode_id"]: {k: v for k, v in i.items() if k != "rank"} for i in items}
