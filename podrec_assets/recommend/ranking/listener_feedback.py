"""How listeners responded to the episodes they were shown or played, as sparse matrices. Pure."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking.candidates import Candidates

HEARD_VALUE = 0.5
"""Value of an episode heard but not finished; a finished or liked one has 1, an ignored one 0."""


@dataclass(frozen=True)
class ListenerFeedback:
    """Responses of all listeners, decayed by age.

    Attributes:
        value: (listeners, columns) how much the listener valued each episode, 0 to 1.
        exposures: (listeners, columns) how often the listener was shown or skipped each episode.
        mean_value: value per exposure over all listeners, 0 to 1; 0 without any exposure.
    """

    value: csr_matrix
    exposures: csr_matrix
    mean_value: float


def listener_feedback(history: Interactions, candidates: Candidates) -> ListenerFeedback:
    """Returns the feedback in a history; rows are its listeners in order."""
    column = candidates.column
    values, exposures = [], []
    for row, user in enumerate(history.users):
        recency, finished = history.recency.get(user, {}), history.finished[user]
        for episode in history.valued(user):
            value = (1.0 if episode in finished else HEARD_VALUE) * recency.get(episode, 1.0)
            values.append((row, column[episode], value))
        shown = history.exposures.get(user, {})
        exposures += [(row, column[e], n) for e, n in shown.items() if e in column]
    shape = (len(history.users), len(candidates.ids))
    value, exposed = sparse_matrix(values, shape), sparse_matrix(exposures, shape)
    total = exposed.sum()
    # Plays from outside the lists have value without an exposure; they must not raise the mean.
    mean = float(value.minimum(exposed).sum() / total) if total else 0.0
    return ListenerFeedback(value, exposed, mean)


def sparse_matrix(entries: list[tuple[int, int, float]], shape: tuple[int, int]) -> csr_matrix:
    """Returns the matrix with these (row, column, value) entries; equal places are summed."""
    if not entries:
        return csr_matrix(shape, dtype=np.float64)
    row, column, value = zip(*entries, strict=True)
    return csr_matrix((value, (row, column)), shape=shape, dtype=np.float64)
