"""The arms of the blend, their weights and labels: the one place that lists them all."""

from typing import TypeVar

import numpy as np

from podrec_assets.recommend.ranking.arms.als_arm import AlsArm
from podrec_assets.recommend.ranking.arms.content_arm import ContentArm
from podrec_assets.recommend.ranking.arms.protocol import Arm

Alpha = TypeVar("Alpha", float, np.ndarray)

ARMS: tuple[type[Arm], ...] = (AlsArm, ContentArm)
"""In the order in which their weighted scores are added and shown."""
BLEND_FORMULA = "alpha * als + (1 - alpha) * cosine"
"""What `arm_weights` says, for people."""


def arm_weights(alpha: Alpha) -> dict[str, Alpha]:
    """Returns the weight of each arm by name, as in BLEND_FORMULA."""
    return {AlsArm.name: alpha, ContentArm.name: 1 - alpha}


def score_fields() -> tuple[str, ...]:
    """Returns the field of an item that holds each arm's score."""
    return tuple(arm.score_field for arm in ARMS)


def arm_scores(item: dict) -> dict[str, float]:
    """Returns the scores of a listed item by field; 0 if the list is older than the arm."""
    return {field: item.get(field, 0.0) for field in score_fields()}


def labelled_scores(item: dict) -> dict[str, float]:
    """Returns the scores of a listed item by the arm's label."""
    return {arm.label: arm_scores(item)[arm.score_field] for arm in ARMS}
