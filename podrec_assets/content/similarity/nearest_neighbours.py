"""Nearest neighbours of episodes, with the pair of chunks that shows why. Pure.

A search finds candidates by fused similarity. Their scores are then corrected for hubs: without
that, a few episodes that resemble everything would be everybody's neighbours.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from podrec_assets.content.similarity.episode_chunks import EpisodeChunks, group_chunks
from podrec_assets.content.similarity.exact_knn import NeighbourCandidates, exact_search, top_k
from podrec_assets.content.similarity.fused_similarity import (
    DIGITS,
    FusedVectors,
    fused_vectors,
)
from podrec_assets.content.similarity.near_duplicates import originals
from podrec_assets.content.similarity.snippets import content_words, snippet
from podrec_assets.content.similarity.tfidf import COMMON_COUNT
from podrec_assets.content.similarity.vectors import require_one_version

DENSITY_NEIGHBOURS = 10
"""Nearest episodes whose mean similarity is the local density of an episode."""
CANDIDATES_PER_PLACE = 4
"""Candidates by fused similarity, for each of the k places, before the correction for hubs."""
MOST_FACTOR = 2.0

NeighbourSearch = Callable[[FusedVectors, np.ndarray, int], Iterator[NeighbourCandidates]]
"""Yields the candidates of each episode; see `exact_knn.exact_search` for the contract."""
SEARCH: NeighbourSearch = exact_search
"""The search that `similarities` uses. Another vector index is registered here."""


def similarities(vectors: pa.Table, episodes: pa.Table, k: int) -> list[dict]:
    """Returns one document for each episode with a transcript: its k nearest neighbours.

    Neighbours have the episode's language: the packaged model knows English, and all texts of
    another language look alike to it. Copies of the episode's recording never appear, and of
    another recording at most one copy.

    Args:
        vectors: rows of VECTORS, one embedding version, each episode once.
        episodes: rows of EPISODES with episode_id, language and audio_url; other episodes are
            ignored.
        k: most neighbours of an episode.

    Returns:
        {"episode_id", "items": [{rank, episode_id, score, cosine, lexical, here_s, there_s,
        here_text, there_text}]} ordered by episode_id. The score is the fused similarity after
        local scaling (see `scaling_factors`), ties by id.

    Raises:
        PermanentError: the rows have more than one embedding version.
    """
    require_one_version(vectors)
    chunks = group_chunks(vectors, episodes)
    documents = [doc for members in chunks.by_language() for doc in _documents(chunks, members, k)]
    return sorted(documents, key=lambda d: d["episode_id"])


def _documents(chunks: EpisodeChunks, members: np.ndarray, k: int) -> Iterator[dict]:
    """Yields the documents of the episodes of one language, given by position."""
    first_copies = originals(
        (chunks.text_of(m) for m in members), [chunks.audio_urls[m] for m in members]
    )
    searched = list(
        SEARCH(fused_vectors(chunks, members), np.array(first_copies), CANDIDATES_PER_PLACE * k)
    )
    factors = scaling_factors(np.array([local_density(c.fused) for c in searched]))
    for here, (candidates, factor) in enumerate(zip(searched, factors, strict=True)):
        scores = np.round(candidates.fused * factor * factors[candidates.positions], DIGITS)
        items = []
        for rank, at in enumerate(next(top_k(scores[None], k)), start=1):
            there = members[candidates.positions[at]]
            items.append(
                {
                    "rank": rank,
                    "episode_id": chunks.episodes[there],
                    "score": round(float(scores[at]), DIGITS),
                    "cosine": round(float(candidates.cosines[at]), DIGITS),
                    "lexical": round(float(candidates.lexicals[at]), DIGITS),
                    **_evidence(chunks, members[here], there),
                }
            )
        yield {"episode_id": chunks.episodes[members[here]], "items": items}


def local_density(fused: np.ndarray) -> float:
    """Returns the mean of an episode's DENSITY_NEIGHBOURS largest similarities; 0 without any."""
    return float(np.sort(fused)[-DENSITY_NEIGHBOURS:].mean()) if len(fused) else 0.0


def scaling_factors(densities: np.ndarray) -> np.ndarray:
    """Returns (episodes,) factors: a pair's score is its similarity times the factors of both.

    This is local scaling (Zelnik-Manor and Perona 2004): being near to an episode that is near to
    everything says little. The factor is 1 at the median density, between 1 / MOST_FACTOR and
    MOST_FACTOR elsewhere, and 1 everywhere with fewer than COMMON_COUNT episodes.
    """
    usual = float(np.median(densities)) if len(densities) >= COMMON_COUNT else 0.0
    if usual <= 0:
        return np.ones(len(densities))
    return np.sqrt(usual / np.clip(densities, usual / MOST_FACTOR**2, usual * MOST_FACTOR**2))


def _evidence(chunks: EpisodeChunks, here: int, there: int) -> dict:
    """Returns times and snippets of the closest pair of chunks of two episodes.

    A snippet starts where its chunk has most words of the other chunk.
    """
    here_rows, there_rows = chunks.rows_of(here), chunks.rows_of(there)
    scores = chunks.vectors[here_rows] @ chunks.vectors[there_rows].T
    i, j = np.unravel_index(int(np.argmax(np.round(scores, DIGITS))), scores.shape)
    here_row, there_row = int(here_rows[i]), int(there_rows[j])
    here_text, there_text = (chunks.table["text"][row].as_py() for row in (here_row, there_row))
    return {
        "here_s": chunks.table["start_s"][here_row].as_py(),
        "there_s": chunks.table["start_s"][there_row].as_py(),
        "here_text": snippet(here_text, content_words(there_text)),
        "there_text": snippet(there_text, content_words(here_text)),
    }
