"""The blend: one score for each listener and candidate, for any alpha. Pure.

score = alpha * als + (1 - alpha) * cosine + prior_weight * prior - overlap

Each arm is divided by the listener's largest value plus SHRINKAGE, so that alpha means the same for
every listener and an arm with little evidence of a listener counts for less. Overlap is subtracted
when a list is picked, for similarity to the episodes above; see `diversity_rerank`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np

from podrec_assets.recommend.ranking.arms import registry
from podrec_assets.recommend.ranking.arms.protocol import ArmInputs
from podrec_assets.recommend.ranking.candidates import Candidates, build_candidates
from podrec_assets.recommend.ranking.inputs import BlendConfig, RankingInputs
from podrec_assets.recommend.ranking.item_similarity import ItemSimilarity, item_similarity
from podrec_assets.recommend.ranking.listener_feedback import listener_feedback
from podrec_assets.recommend.ranking.prior import Prior, prior_of

SHRINKAGE = 0.2
"""Added to a listener's largest value, in units of the arm: a predicted preference for ALS, a value
per exposure for content. Without it, click-through in the simulated world, as a share of the
best possible, was 1 percentage point lower.
"""
FILLERS = 200
"""Candidates of every listener that come from the prior alone."""
BLOCK = 256
"""Listeners scored at a time; arrays of a block are dense."""
DIGITS = 5


@dataclass(frozen=True)
class ScoredBlock:
    """Normalised scores of every arm for a block of listeners.

    Attributes:
        users: rows of the listeners in the history.
        by_arm: (listeners, columns) from -1 to 1 by name of the arm.
        is_candidate: (listeners, columns) whether the episode may be in the listener's list.
    """

    users: range
    by_arm: dict[str, np.ndarray]
    is_candidate: np.ndarray


class Blender:
    """A day's models, combined and ready to score any listener with any alpha."""

    def __init__(self, inputs: RankingInputs, config: BlendConfig) -> None:
        self.history, self.config = inputs.history, config
        self.candidates: Candidates = build_candidates(inputs, config.dead_show_days)
        feedback = listener_feedback(inputs.history, self.candidates)
        self.similarity: ItemSimilarity = item_similarity(inputs.similarities, self.candidates)
        self.prior: Prior = prior_of(feedback, self.candidates)
        given = ArmInputs(inputs, self.candidates, feedback, self.similarity)
        self.arms = tuple(arm(given) for arm in registry.ARMS)

    def blocks(self, users: range) -> Iterator[ScoredBlock]:
        """Yields the scores of a range of listeners, BLOCK at a time."""
        fillers = self._fillers()
        for start in range(users.start, users.stop, BLOCK):
            block = range(start, min(start + BLOCK, users.stop))
            scores = {arm.name: arm.scores(block) for arm in self.arms}
            nominated = reduce(np.logical_or, (s.is_nominated for s in scores.values()), fillers)
            is_candidate = nominated & self.candidates.is_offered
            excluded = self._excluded(block) | ~self.candidates.is_offered
            keep_serial_order(is_candidate, excluded, self.candidates.serials)
            is_candidate &= ~excluded
            by_arm = {name: _normalised(s.values, is_candidate) for name, s in scores.items()}
            yield ScoredBlock(block, by_arm, is_candidate)

    def weights(self, alpha: registry.Alpha) -> dict[str, registry.Alpha]:
        """Returns the weight of each arm by name."""
        return registry.arm_weights(alpha)

    def scores(self, block: ScoredBlock, alpha: np.ndarray) -> np.ndarray:
        """Returns (listeners, columns) rounded scores before overlap; -inf for non-candidates.

        Args:
            block: the listeners.
            alpha: (listeners, 1), or (1, 1) for all.
        """
        weights = self.weights(alpha)
        arms = reduce(np.add, (weights[name] * s for name, s in block.by_arm.items()))
        blended = arms + self.config.prior_weight * self.prior.total
        return np.where(block.is_candidate, np.round(blended, DIGITS), -np.inf)

    def _fillers(self) -> np.ndarray:
        """(columns,) the offered episodes with the best prior, ties by column."""
        prior = self.prior.total
        order = np.lexsort((np.arange(len(prior)), -prior, ~self.candidates.is_offered))
        is_filler = np.zeros(len(prior), dtype=bool)
        is_filler[order[: max(FILLERS, self.config.list_length)]] = True
        return is_filler

    def _excluded(self, block: range) -> np.ndarray:
        """(listeners, columns) what a listener heard or unliked."""
        excluded = np.zeros((len(block), len(self.candidates.ids)), dtype=bool)
        for row, user in enumerate(self.history.users[block.start : block.stop]):
            excluded[row, self.candidates.columns(self.history.excluded(user))] = True
        return excluded


def _normalised(values: np.ndarray, is_candidate: np.ndarray) -> np.ndarray:
    largest = np.max(values, axis=1, initial=0.0, where=is_candidate)
    return np.maximum(values / (largest[:, None] + SHRINKAGE), -1.0)


def keep_serial_order(
    is_candidate: np.ndarray, excluded: np.ndarray, serials: list[np.ndarray]
) -> None:
    """Replaces the candidates of each serial show by its earliest part that is not excluded.

    Changes the mask `is_candidate` in place. A show without any candidate stays without one.
    """
    rows = np.arange(len(is_candidate))
    for parts in serials:
        has_candidate = is_candidate[:, parts].any(axis=1)
        first = parts[np.argmin(excluded[:, parts], axis=1)]
        is_candidate[:, parts] = False
        is_candidate[rows, first] = has_candidate
