"""What the blend asks of an arm, a model that scores episodes for listeners and can say why."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np


@dataclass(frozen=True)
class ArmScores:
    """One arm's scores of a block of listeners.

    Attributes:
        values: (listeners, columns) on any scale; 0 is no opinion, below 0 advises against.
        is_nominated: (listeners, columns) episodes that the arm proposes as candidates.
    """

    values: np.ndarray
    is_nominated: np.ndarray


@dataclass(frozen=True)
class Reason:
    """Why an episode is listed.

    Attributes:
        text: a sentence for the listener.
        cause: id of the heard episode it names.
        passages: the similar passages of both episodes, see `content_arm.passages`.
    """

    text: str
    cause: str | None = None
    passages: dict | None = None


class Arm(Protocol):
    """A model behind the lists.

    Attributes:
        name: its name in the `sources`, `shares` and `causes` of an item.
        score_field: the item's field that holds its normalised score.
    """

    name: ClassVar[str]
    score_field: ClassVar[str]

    def scores(self, users: range) -> ArmScores:
        """Returns the scores of listeners, given by their rows in the history."""
        ...

    def reasons(self, user: int, columns: list[int]) -> list[Reason | None]:
        """Returns a reason for each episode of a listener's list, None where there is none.

        A reason may name only an episode that the listener heard and that raises the score.
        """
        ...
