"""The blend of a day's models: candidates of all sources, and one score for each listener and
episode under any alpha. Pure.

score = alpha * als + (1 - alpha) * cosine + prior_weight * prior - overlap

Each arm is divided by the listener's own largest value, so that alpha means the same for everyone;
CALM is added to that largest value, so that an arm which knows next to nothing of a listener does
not speak as loudly as one that knows much. The prior, how an episode is received by everybody and
how new it is, makes the list where there is no history. Overlap is what likeness to episodes above
takes away when a list is picked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import pyarrow as pa

from podrec_assets.recommend.interactions import Interactions
from podrec_assets.recommend.ranking import content_affinity, explanations
from podrec_assets.recommend.ranking.candidates import Shelf, make_shelf
from podrec_assets.recommend.ranking.content_affinity import Evidence, Kinship
from podrec_assets.settings import Settings

CALM = 0.2
"""In units of the arms: a predicted preference, a value per look. 0 gave 1 point less of the best
in the simulated world.
"""
FRESH_SHARE = 1 / 6
"""Share of newness in the prior; the rest is reception."""
FILLERS = 200
"""Candidates by the prior alone, for everybody, beside those that the arms bring."""
BLOCK = 256
DIGITS = 5


@dataclass(frozen=True)
class BlendConfig:
    """Shape of the lists; meanings as in `Settings`."""

    list_length: int
    per_show_cap: int
    prior_weight: float = 0.35
    diversity: float = 0.0
    dead_show_days: int = 365

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The shape that the settings ask for."""
        return cls(
            settings.list_length,
            settings.per_show_cap,
            settings.prior_weight,
            settings.diversity,
            settings.dead_show_days,
        )


@dataclass(frozen=True)
class Arms:
    """What each source says of each episode to the listeners of a block; columns as in the shelf.

    Attributes:
        users: first listener of the block, and the one after its last.
        als, cosine: (users, columns) at most 1; cosine is negative, down to -1, for what is like
            things ignored.
        is_candidate: (users, columns) whether an episode may be in the list.
    """

    users: range
    als: np.ndarray
    cosine: np.ndarray
    is_candidate: np.ndarray


class Blender:
    """A day's models put together, ready to score any listener with any alpha."""

    def __init__(
        self,
        history: Interactions,
        als: list[dict],
        similarities: list[dict],
        episodes: pa.Table,
        config: BlendConfig,
        as_of: date,
    ) -> None:
        """Arguments as of `recommend`."""
        self.history, self.config = history, config
        self.by_als = {d["user_id"]: {i["episode_id"]: i for i in d["items"]} for d in als}
        self.shelf: Shelf = make_shelf(history, episodes, as_of, config.dead_show_days)
        self.evidence: Evidence = content_affinity.evidence(history, self.shelf)
        self.kin: Kinship = content_affinity.kinship(similarities, self.shelf)
        self.pairs = explanations.by_pair(similarities)
        self.received = (1 - FRESH_SHARE) * content_affinity.reception(self.evidence)
        self.fresh = FRESH_SHARE * self.shelf.freshness
        self.prior = self.received + self.fresh

    def blocks(self, users: range) -> Iterator[Arms]:
        """The arms of the listeners of a range, some at a time, for they are dense."""
        fillers = self._fillers()
        for start in range(users.start, users.stop, BLOCK):
            block = range(start, min(start + BLOCK, users.stop))
            als = self._als(block)
            interest, is_kin = content_affinity.interest(
                self.evidence, self.kin, slice(block.start, block.stop)
            )
            is_candidate = (fillers | is_kin | (als > 0)) & self.shelf.is_offered
            barred = self._barred(block) | ~self.shelf.is_offered
            keep_serial_order(is_candidate, barred, self.shelf.serials)
            is_candidate &= ~barred
            yield Arms(block, _calm(als, is_candidate), _calm(interest, is_candidate), is_candidate)

    def scores(self, arms: Arms, alpha: np.ndarray) -> np.ndarray:
        """(users, columns) before overlap, rounded; -inf for what is no candidate. `alpha` is
        (users, 1) or (1, 1).
        """
        mixed = alpha * arms.als + (1 - alpha) * arms.cosine + self.config.prior_weight * self.prior
        return np.where(arms.is_candidate, np.round(mixed, DIGITS), -np.inf)

    def _fillers(self) -> np.ndarray:
        order = np.lexsort((np.arange(len(self.prior)), -self.prior, ~self.shelf.is_offered))
        found = np.zeros(len(self.prior), dtype=bool)
        found[order[: max(FILLERS, self.config.list_length)]] = True
        return found

    def _als(self, block: range) -> np.ndarray:
        found = np.zeros((len(block), len(self.shelf.ids)))
        for row, user in enumerate(self.history.users[block.start : block.stop]):
            listed = [
                (self.shelf.column[e], i["score"])
                for e, i in self.by_als.get(user, {}).items()
                if e in self.shelf.column
            ]
            if listed:
                columns, scores = zip(*listed, strict=True)
                found[row, columns] = np.maximum(scores, 0.0)
        return found

    def _barred(self, block: range) -> np.ndarray:
        barred = np.zeros((len(block), len(self.shelf.ids)), dtype=bool)
        for row, user in enumerate(self.history.users[block.start : block.stop]):
            barred[row, self.shelf.columns(self.history.barred(user))] = True
        return barred


def _calm(arm: np.ndarray, is_candidate: np.ndarray) -> np.ndarray:
    most = np.max(arm, axis=1, initial=0.0, where=is_candidate)
    return np.maximum(arm / (most[:, None] + CALM), -1.0)


def keep_serial_order(
    is_candidate: np.ndarray, barred: np.ndarray, serials: list[np.ndarray]
) -> None:
    """Leaves of each serial show the earliest part that is not barred, a candidate if any part is
    one. Changes the mask.
    """
    rows = np.arange(len(is_candidate))
    for parts in serials:
        wanted = is_candidate[:, parts].any(axis=1)
        first = parts[np.argmin(barred[:, parts], axis=1)]
        is_candidate[:, parts] = False
        is_candidate[rows, first] = wanted
