"""From scores to a list: the best first, few of a show, and not much of the same (Carbonell and
Goldstein 1998). Pure.
"""

from dataclasses import dataclass

import numpy as np

from podrec_assets.recommend.ranking.candidates import Shelf
from podrec_assets.recommend.ranking.content_affinity import SAME_SHOW, Kinship

POOL = 6
"""Candidates looked at for each place of a list, before all are."""


@dataclass(frozen=True)
class Picked:
    """An episode's column, its score, and the part of it that likeness to the episodes above took
    away.
    """

    column: int
    score: float
    overlap: float


def pick(
    scores: np.ndarray, shelf: Shelf, kin: Kinship, length: int, per_show_cap: int, diversity: float
) -> list[Picked]:
    """The list by maximal marginal relevance; scores never rise along it, ties by episode id.

    Args:
        scores: (columns,) -inf for what must not be in the list.
        shelf: of the columns.
        kin: of the columns.
        length: most episodes.
        per_show_cap: most episodes of a show.
        diversity: taken from an episode as like one above as can be; by its kinship otherwise.
    """
    every = np.flatnonzero(np.isfinite(scores))
    if len(every) > POOL * length:
        bound = np.partition(scores[every], -POOL * length)[-POOL * length]
        pool = every[scores[every] >= bound]
        found = _greedy(pool, scores, shelf, kin, length, per_show_cap, diversity)
        # A pool full of one show, or of things alike, must not make a list shorter or hide
        # something better.
        if len(found) == length and found[-1].score >= bound:
            return found
    return _greedy(every, scores, shelf, kin, length, per_show_cap, diversity)


def _greedy(
    pool: np.ndarray,
    scores: np.ndarray,
    shelf: Shelf,
    kin: Kinship,
    length: int,
    per_show_cap: int,
    diversity: float,
) -> list[Picked]:
    left, shows = scores[pool].copy(), shelf.shows[pool]
    overlap, place = np.zeros(len(pool)), np.full(len(shelf.ids), -1)
    place[pool] = np.arange(len(pool))
    taken: dict[int, int] = {}
    found: list[Picked] = []
    while len(found) < length and len(left):
        at = int(np.argmax(left - overlap))
        if not np.isfinite(left[at]):
            break
        column, show = int(pool[at]), int(shows[at])
        found.append(Picked(column, float(left[at] - overlap[at]), float(overlap[at])))
        taken[show] = taken.get(show, 0) + 1
        if taken[show] == per_show_cap:
            left[shows == show] = -np.inf
        left[at] = -np.inf
        if diversity:
            _widen(overlap, place, shows == show, kin, column, diversity)
    return found


def _widen(
    overlap: np.ndarray,
    place: np.ndarray,
    is_same_show: np.ndarray,
    kin: Kinship,
    column: int,
    diversity: float,
) -> None:
    """Raises the overlap of what is like a picked episode; likeness is kinship over the largest
    there can be.
    """
    start, stop = kin.near.indptr[column], kin.near.indptr[column + 1]
    at = place[kin.near.indices[start:stop]]
    like = np.where(is_same_show, SAME_SHOW, 0.0)
    like[at[at >= 0]] += kin.near.data[start:stop][at >= 0]
    np.maximum(overlap, diversity * like / (1 + SAME_SHOW), out=overlap)
