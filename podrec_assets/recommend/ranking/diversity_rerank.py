"""From scores to a list by maximal marginal relevance (Carbonell and Goldstein 1998). Pure."""

from dataclasses import dataclass

import numpy as np

from podrec_assets.recommend.ranking.candidates import Candidates
from podrec_assets.recommend.ranking.item_similarity import SAME_SHOW, ItemSimilarity

POOL = 6
"""Best candidates considered for each place of a list, before all are."""


@dataclass(frozen=True)
class Pick:
    """A listed episode: its column, final score, and the overlap subtracted from the score."""

    column: int
    score: float
    overlap: float


@dataclass(frozen=True)
class Reranker:
    """Picks the best episodes with a cap on each show and a penalty for similar ones.

    Attributes:
        candidates: the columns.
        similarity: of the same columns.
        length: most episodes in a list.
        per_show_cap: most episodes of a show.
        diversity: subtracted from an episode as similar as possible to one above it, and less in
            proportion for others.
    """

    candidates: Candidates
    similarity: ItemSimilarity
    length: int
    per_show_cap: int
    diversity: float

    def picks(self, scores: np.ndarray) -> list[Pick]:
        """Returns the list for (columns,) scores, -inf where an episode must not be listed.

        Scores never rise along the list; equal ones are in order of episode id.
        """
        eligible = np.flatnonzero(np.isfinite(scores))
        size = POOL * self.length
        if len(eligible) > size:
            bound = np.partition(scores[eligible], -size)[-size]
            picks = self._greedy(eligible[scores[eligible] >= bound], scores)
            # A pool of one show, or of similar episodes, must not shorten the list or hide a better
            # episode outside it.
            if len(picks) == self.length and picks[-1].score >= bound:
                return picks
        return self._greedy(eligible, scores)

    def _greedy(self, pool: np.ndarray, scores: np.ndarray) -> list[Pick]:
        left, shows = scores[pool].copy(), self.candidates.shows[pool]
        overlap, place = np.zeros(len(pool)), np.full(len(self.candidates.ids), -1)
        place[pool] = np.arange(len(pool))
        picked_of_show: dict[int, int] = {}
        picks: list[Pick] = []
        while len(picks) < self.length and len(left):
            at = int(np.argmax(left - overlap))
            if not np.isfinite(left[at]):
                break
            column, show = int(pool[at]), int(shows[at])
            picks.append(Pick(column, float(left[at] - overlap[at]), float(overlap[at])))
            picked_of_show[show] = picked_of_show.get(show, 0) + 1
            if picked_of_show[show] == self.per_show_cap:
                left[shows == show] = -np.inf
            left[at] = -np.inf
            if self.diversity:
                similar = np.where(shows == show, SAME_SHOW, 0.0)
                self._raise_overlap(overlap, similar, place, column)
        return picks

    def _raise_overlap(
        self, overlap: np.ndarray, similar: np.ndarray, place: np.ndarray, column: int
    ) -> None:
        """Raises the overlap of episodes similar to a picked one, in place.

        Args:
            overlap: (pool,) the largest so far.
            similar: (pool,) similarity by show; the content part is added.
            place: (columns,) place in the pool, -1 outside.
            column: the picked episode.
        """
        columns, content = self.similarity.neighbours(column)
        at = place[columns]
        similar[at[at >= 0]] += content[at >= 0]
        np.maximum(overlap, self.diversity * similar / (1 + SAME_SHOW), out=overlap)
