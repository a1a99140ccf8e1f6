"""The similarity of two episodes: a share of their meaning, and the rest of their words. Pure.

Meaning is the cosine of centred chunk means, words are TF-IDF. Centring removes what all episodes
share (the manner of talk) and raised same-show precision from .58 to .63 on real shows. TF-IDF is
strong on names, the cosine on paraphrase.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from podrec_assets.content.similarity.episode_chunks import EpisodeChunks
from podrec_assets.content.similarity.tfidf import COMMON_COUNT, tfidf_rows

SEMANTIC_SHARE = 0.3
"""Share of the cosine, once both arms have equal variance.

Up to here the real episodes of ADR 0012 lose nothing beyond noise; listeners of the simulated
worlds gain from each step.
"""
SPREAD_ROWS = 256
"""Evenly spaced episodes from which the variance of each arm is estimated."""
DIGITS = 5
"""Similarities are rounded, so that ties are the same on every machine."""


@dataclass(frozen=True)
class FusedVectors:
    """Both vectors of each episode of one language: what a neighbour search compares.

    Attributes:
        semantic: (episodes, dimension) centred unit rows.
        lexical: (episodes, terms) TF-IDF rows.
        scale: factor that brings the cosines to the variance of the lexical similarities.
    """

    semantic: np.ndarray
    lexical: csr_matrix
    scale: float

    def similarities(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns (fused, cosines, lexicals), each (block, episodes), of some episodes to all."""
        cosines = self.semantic[start:stop] @ self.semantic.T
        lexicals = (self.lexical[start:stop] @ self.lexical.T).toarray()
        return np.round(fuse(cosines, lexicals, self.scale), DIGITS), cosines, lexicals


def fused_vectors(chunks: EpisodeChunks, members: np.ndarray) -> FusedVectors:
    """Returns the vectors of some episodes, given by position."""
    semantic, lexical = centred_means(chunks, members), lexical_rows(chunks, members)
    return FusedVectors(semantic, lexical, relative_spread(semantic, lexical))


def centred_means(chunks: EpisodeChunks, members: np.ndarray) -> np.ndarray:
    """Returns (members, dimension) unit rows: an episode's mean chunk less the mean of all."""
    means = np.stack([chunks.vectors[chunks.rows_of(m)].mean(axis=0) for m in members])
    if len(means) > 2:
        means = means - means.mean(axis=0)
    return means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)


def lexical_rows(chunks: EpisodeChunks, members: np.ndarray) -> csr_matrix:
    """Returns (members, terms) TF-IDF rows; their inner products are the lexical similarities."""
    return tfidf_rows(lambda: (chunks.text_of(m) for m in members), len(members))


def fuse(cosines: np.ndarray, lexicals: np.ndarray, scale: float) -> np.ndarray:
    """Returns the fused similarity; `scale` is that of `relative_spread`."""
    return SEMANTIC_SHARE * scale * cosines + (1 - SEMANTIC_SHARE) * lexicals


def relative_spread(semantic: np.ndarray, lexical: csr_matrix) -> float:
    """Returns the standard deviation of lexical similarities over that of the cosines.

    Only pairs of different episodes count. It is 1 for few episodes. Centred cosines spread eight
    times as wide on real shows, so a share of the raw ones would be nearly all of the score.
    """
    count = len(semantic)
    if count < COMMON_COUNT:
        return 1.0
    sample = np.unique(np.linspace(0, count - 1, min(count, SPREAD_ROWS)).astype(int))
    is_other = sample[:, None] != np.arange(count)
    cosine_std = (semantic[sample] @ semantic.T)[is_other].std()
    lexical_std = (lexical[sample] @ lexical.T).toarray()[is_other].std()
    return float(lexical_std / cosine_std) if cosine_std > 0 and lexical_std > 0 else 1.0
