"""An arm as a contributor would add it, for tests that no other file names the arms."""

from typing import ClassVar

import numpy as np
import pytest

from podrec_assets.recommend.ranking.arms import registry
from podrec_assets.recommend.ranking.arms.protocol import ArmInputs, ArmScores, Reason, TracedItem


class ThirdArm:
    """Wants the last episode most."""

    name: ClassVar[str] = "third"
    score_field: ClassVar[str] = "third_score"
    label: ClassVar[str] = "Third"
    basis: ClassVar[str] = "the order of the alphabet"
    score_description: ClassVar[str] = "Place in the alphabet, 0 to 1."

    def __init__(self, given: ArmInputs) -> None:
        self._size = len(given.candidates.ids)

    def scores(self, users: range) -> ArmScores:
        values = np.zeros((len(users), self._size))
        values[:, -1] = 0.8
        return ArmScores(values, values > 0)

    def reasons(self, user: int, columns: list[int]) -> list[Reason | None]:
        reason = Reason(f"The last one for listener {user}.", "h")
        return [reason if c == self._size - 1 else None for c in columns]

    @staticmethod
    def heard_behind(traced: TracedItem) -> dict[str, float | None]:
        return dict.fromkeys(traced.history.seen[traced.user])


def register(monkeypatch: pytest.MonkeyPatch, weight: float) -> None:
    """Adds the arm to the registry, as a change of that file would."""
    two = registry.arm_weights
    monkeypatch.setattr(registry, "ARMS", (*registry.ARMS, ThirdArm))
    monkeypatch.setattr(registry, "arm_weights", lambda alpha: two(alpha) | {"third": weight})
