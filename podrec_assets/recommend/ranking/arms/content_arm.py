"""The content arm: a listener's affinity to an episode from feedback on similar episodes. Pure.

The affinity of listener u to episode e is the similarity-weighted mean of the value of what u was
shown, less the mean of all listeners (Nadaraya-Watson regression, shrunk to 0):

    affinity(u, e) = sum_i s(i, e) * (value(u, i) - mean_value * exposures(u, i))
                     / (AFFINITY_SHRINKAGE + sum_i s(i, e) * exposures(u, i))

Without reported impressions, exposures and mean_value are 0 and it is a plain weighted sum.
"""

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from podrec_assets.formatting import clock
from podrec_assets.recommend.ranking.arms.protocol import ArmInputs, ArmScores, Reason, TracedItem

if TYPE_CHECKING:
    from podrec_assets.recommend.interactions import Signal

AFFINITY_SHRINKAGE = 1.5
"""Weight of the overall mean, in exposures of an episode of similarity 1."""
QUOTE_LENGTH = 80


class ContentArm:
    """Episodes similar to those that the listener played, and unlike those that were ignored."""

    name: ClassVar[str] = "content"
    score_field: ClassVar[str] = "cosine"
    label: ClassVar[str] = "content"
    basis: ClassVar[str] = "what the episode says"
    score_description: ClassVar[str] = (
        "Content score, -1 to 1, relative to the listener's highest; "
        "negative for episodes similar to ones that the listener ignored."
    )

    def __init__(self, given: ArmInputs) -> None:
        self._history, self._candidates = given.day.history, given.candidates
        self._feedback, self._similarity = given.feedback, given.similarity
        self._compared = compared_pairs(given.day.similarities)

    def scores(self, users: range) -> ArmScores:
        """Returns affinities; nominates everything similar to a heard episode."""
        rows = slice(users.start, users.stop)
        exposures = self._similarity.weighted_sums(self._feedback.exposures[rows])
        values = self._similarity.weighted_sums(self._feedback.value[rows])
        surplus = values - self._feedback.mean_value * exposures
        return ArmScores(surplus / (AFFINITY_SHRINKAGE + exposures), values > 0)

    def reasons(self, user: int, columns: list[int]) -> list[Reason | None]:
        """Returns a reason for each episode with a heard one among its causes."""
        causes = self.main_causes(user, columns)
        return [
            None if cause is None else self._reason(user, cause, column)
            for cause, column in zip(causes, columns, strict=True)
        ]

    def main_causes(self, user: int, columns: list[int]) -> list[int | None]:
        """Returns for each episode the heard one that contributes most to the affinity, or None."""
        candidates = self._candidates
        heard = candidates.columns(self._history.seen[self._history.users[user]])
        nameable = [c for c in heard if candidates.ids[c] in candidates.rows]
        if not columns or not nameable:
            return [None] * len(columns)
        feedback = self._feedback.value
        start, stop = feedback.indptr[user : user + 2]
        value = np.zeros(feedback.shape[1])
        value[feedback.indices[start:stop]] = feedback.data[start:stop]
        parts = value[nameable][:, None] * self._similarity.between(nameable, columns)
        best = np.argmax(np.round(parts, 9), axis=0)
        return [nameable[i] if parts[i, at] > 0 else None for at, i in enumerate(best)]

    @staticmethod
    def heard_behind(traced: TracedItem) -> dict[str, float | None]:
        """Returns the heard episodes that are similar to the item or from the same show."""
        heard = traced.history.valued(traced.user)
        of_show: dict[str, float | None] = dict.fromkeys(heard & traced.same_show)
        return of_show | traced.similarity

    def _reason(self, user: int, cause: int, column: int) -> Reason:
        heard, episode = self._candidates.ids[cause], self._candidates.ids[column]
        pair = passages(self._compared, heard, episode)
        text = reason_text(
            self._candidates.title(heard) or "",
            self._history.signal(self._history.users[user], heard),
            pair,
            bool(self._candidates.shows[cause] == self._candidates.shows[column]),
        )
        return Reason(text, heard, pair)


def compared_pairs(similarities: list[dict]) -> dict[tuple[str, str], dict]:
    """Returns the neighbour's item in documents of similarities by (episode, neighbour)."""
    return {(d["episode_id"], i["episode_id"]): i for d in similarities for i in d["items"]}


def passages(pairs: dict[tuple[str, str], dict], heard: str, episode: str) -> dict | None:
    """Returns the most similar passages of two episodes, None if they were not compared.

    Returns:
        {here_s, here_text, there_s, there_text}: `here` is in the heard episode, `there` in the
        recommended one, whichever of them lists the other as its neighbour.
    """
    for pair, sides in (
        ((heard, episode), {"here": "here", "there": "there"}),
        ((episode, heard), {"here": "there", "there": "here"}),
    ):
        if item := pairs.get(pair):
            return {
                f"{side}_{field}": item.get(f"{stored}_{field}")
                for side, stored in sides.items()
                for field in ("s", "text")
            }
    return None


def reason_text(
    heard_title: str, signal: "Signal", pair: dict | None, is_same_show: bool = False
) -> str:
    """Names the heard episode and quotes the similar passage, or else names the common show."""
    verb = "listened to" if signal == "played" else signal
    if pair is None or not pair.get("there_text"):
        likeness = "of the same show" if is_same_show else "which is close"
        return f"You {verb} “{heard_title}”, {likeness}."
    heard_at, at = pair.get("here_s"), pair.get("there_s")
    heard_passage = (
        "one of its passages" if heard_at is None else f"its passage at {clock(heard_at)}"
    )
    where = "" if at is None else f" at {clock(at)}"
    return (
        f"You {verb} “{heard_title}”; {heard_passage} is close to this one's{where}: "
        f"“{excerpt(pair['there_text'])}”."
    )


def excerpt(text: str, length: int = QUOTE_LENGTH) -> str:
    """Returns the first words of a passage."""
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0].rstrip(",;:") + " …"
