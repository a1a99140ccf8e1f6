"""The arms of the blend and their weights: the one place that lists them all."""

from typing import TypeVar

import numpy as np

from podrec_assets.recommend.ranking.arms.als_arm import AlsArm
from podrec_assets.recommend.ranking.arms.content_arm import ContentArm
from podrec_assets.recommend.ranking.arms.protocol import Arm
from podrec_assets.recommend.ranking.candidates import Candidates
from podrec_assets.recommend.ranking.inputs import RankingInputs
from podrec_assets.recommend.ranking.item_similarity import ItemSimilarity
from podrec_assets.recommend.ranking.listener_feedback import ListenerFeedback

Alpha = TypeVar("Alpha", float, np.ndarray)


def build_arms(
    inputs: RankingInputs,
    candidates: Candidates,
    feedback: ListenerFeedback,
    similarity: ItemSimilarity,
) -> tuple[Arm, ...]:
    """Returns every arm; their weighted scores are added in this order."""
    return (
        AlsArm(inputs, candidates),
        ContentArm(inputs, candidates, feedback, similarity),
    )


def arm_weights(alpha: Alpha) -> dict[str, Alpha]:
    """Returns the weight of each arm by name: final = alpha * ALS + (1 - alpha) * cosine."""
    return {AlsArm.name: alpha, ContentArm.name: 1 - alpha}
