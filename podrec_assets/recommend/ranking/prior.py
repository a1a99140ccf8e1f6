"""The score that an episode has for every listener alike: its reception and its newness. Pure.

The prior alone makes the list of a listener without history.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from podrec_assets.recommend.ranking.candidates import Candidates
from podrec_assets.recommend.ranking.listener_feedback import ListenerFeedback

FRESH_SHARE = 1 / 6
"""Share of newness (see `candidates.FRESH_DAYS`) in the prior; the rest is reception."""
RECEPTION_SHRINKAGE = 6.0
"""Exposures after which an episode's own reception weighs as much as the mean."""


@dataclass(frozen=True)
class Prior:
    """Both parts of the prior, (columns,) each; together 0 to 1."""

    popular: np.ndarray
    fresh: np.ndarray

    @cached_property
    def total(self) -> np.ndarray:
        """(columns,) the sum of both."""
        return self.popular + self.fresh

    def contributions(self, column: int, weight: float) -> dict[str, float]:
        """Returns what each part adds to the score of an episode, by source."""
        return {
            "popular": weight * float(self.popular[column]),
            "fresh": weight * float(self.fresh[column]),
        }


def prior_of(feedback: ListenerFeedback, candidates: Candidates) -> Prior:
    """Returns the prior of the candidates."""
    return Prior((1 - FRESH_SHARE) * reception(feedback), FRESH_SHARE * candidates.freshness)


def reception(feedback: ListenerFeedback) -> np.ndarray:
    """Returns (columns,) from 0 for the worst received episode to 1 for the best.

    Reception is value per exposure over all listeners, shrunk to the mean. Where nobody reports
    impressions it is proportional to the plays.
    """
    value, exposures = (
        np.asarray(m.sum(axis=0)).ravel() for m in (feedback.value, feedback.exposures)
    )
    rate = (value + RECEPTION_SHRINKAGE * feedback.mean_value) / (exposures + RECEPTION_SHRINKAGE)
    span = np.ptp(rate) if len(rate) else 0.0
    return (rate - rate.min()) / span if span > 0 else np.zeros(len(rate))
