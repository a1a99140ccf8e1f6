"""The ALS arm: scores and causes are read from documents of als_top_n. Pure."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from podrec_assets.recommend.ranking.arms.protocol import ArmInputs, ArmScores, Reason, TracedItem

if TYPE_CHECKING:
    from podrec_assets.recommend.interactions import Signal


class AlsArm:
    """Collaborative filtering: what listeners with similar histories play."""

    name: ClassVar[str] = "als"
    score_field: ClassVar[str] = "als"
    label: ClassVar[str] = "ALS"
    basis: ClassVar[str] = "what similar listeners played"
    score_description: ClassVar[str] = (
        "Collaborative score, 0 to 1, relative to the listener's highest."
    )

    def __init__(self, given: ArmInputs) -> None:
        self._history, self._candidates = given.day.history, given.candidates
        documents = given.day.als
        self._items = {d["user_id"]: {i["episode_id"]: i for i in d["items"]} for d in documents}

    def scores(self, users: range) -> ArmScores:
        """Returns predicted preferences, 0 outside a listener's ALS list and for negative ones."""
        column = self._candidates.column
        values = np.zeros((len(users), len(self._candidates.ids)))
        for row, user in enumerate(self._history.users[users.start : users.stop]):
            items = self._items.get(user, {})
            listed = [(column[e], i["score"]) for e, i in items.items() if e in column]
            if listed:
                columns, scores = zip(*listed, strict=True)
                values[row, columns] = np.maximum(scores, 0.0)
        return ArmScores(values, values > 0)

    def reasons(self, user: int, columns: list[int]) -> list[Reason | None]:
        """Returns the reasons of the episodes in the listener's ALS list."""
        name = self._history.users[user]
        items = self._items.get(name, {})
        return [self._reason(name, items.get(self._candidates.ids[c])) for c in columns]

    @staticmethod
    def heard_behind(traced: TracedItem) -> dict[str, float | None]:
        """Returns every episode of the listener that has a weight."""
        history = traced.history
        row = history.matrix[history.users.index(traced.user)]
        return dict.fromkeys(history.items[column] for column in row.indices)

    def _reason(self, user: str, item: dict | None) -> Reason | None:
        if item is None:
            return None
        cause = item["because"]
        title = self._candidates.title(cause)
        if title is None:
            return Reason(reason_text(None, 0))
        signal = self._history.signal(user, cause)
        return Reason(reason_text(title, item["listener_count"], signal), cause)


def reason_text(heard_title: str | None, listener_count: int, signal: "Signal" = "played") -> str:
    """Names the heard episode that contributes most, and how many others played both."""
    if heard_title is None or not listener_count:
        return "Listeners with a history like yours chose this."
    who = "A listener" if listener_count == 1 else f"{listener_count} listeners"
    own = f", which you {signal}," if signal in ("liked", "shared") else " as you did"
    return f"{who} who played “{heard_title}”{own} also played this."
