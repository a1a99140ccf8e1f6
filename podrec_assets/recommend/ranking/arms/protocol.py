"""What the blend asks of an arm, a model that scores episodes for listeners and can say why."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

if TYPE_CHECKING:  # readers of lists ask for the arms' names, without scipy
    from podrec_assets.recommend.interactions import Interactions
    from podrec_assets.recommend.ranking.candidates import Candidates
    from podrec_assets.recommend.ranking.inputs import RankingInputs
    from podrec_assets.recommend.ranking.item_similarity import ItemSimilarity
    from podrec_assets.recommend.ranking.listener_feedback import ListenerFeedback


@dataclass(frozen=True)
class ArmInputs:
    """What an arm may score from.

    Attributes:
        day: the day's listening, models and catalogue.
        candidates: the columns of the scores.
        feedback: what listeners did with what they were shown.
        similarity: of the episodes by content.
    """

    day: "RankingInputs"
    candidates: "Candidates"
    feedback: "ListenerFeedback"
    similarity: "ItemSimilarity"


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


@dataclass(frozen=True)
class TracedItem:
    """An item of a published list, next to what its listener heard.

    Attributes:
        user: the listener.
        history: listening with at least the listener's.
        similarity: similarity of the item to episodes that the listener heard, where they are
            neighbours, by episode.
        same_show: episodes of the item's show.
    """

    user: str
    history: "Interactions"
    similarity: dict[str, float]
    same_show: set[str]


class Arm(Protocol):
    """A model behind the lists.

    Attributes:
        name: its name in the `sources`, `shares` and `causes` of an item.
        score_field: the item's field that holds its normalised score.
        label: its name where people read it.
        basis: what its score is based on, in words that continue a sentence.
        score_description: the meaning and range of its score, one sentence.
    """

    name: ClassVar[str]
    score_field: ClassVar[str]
    label: ClassVar[str]
    basis: ClassVar[str]
    score_description: ClassVar[str]

    def __init__(self, given: ArmInputs) -> None: ...

    def scores(self, users: range) -> ArmScores:
        """Returns the scores of listeners, given by their rows in the history."""
        ...

    def reasons(self, user: int, columns: list[int]) -> list[Reason | None]:
        """Returns a reason for each episode of a listener's list, None where there is none.

        A reason may name only an episode that the listener heard and that raises the score.
        """
        ...

    @staticmethod
    def heard_behind(traced: TracedItem) -> dict[str, float | None]:
        """Returns the heard episodes that a positive score of the item was computed from.

        Returns:
            By episode, its similarity to the item; None if the arm compares no episodes.
        """
        ...
