"""Search in passages: words (BM25) and meaning (cosine) fused, exact, without an index. Pure."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from podrec_assets.content.similarity.snippets import snippet
from podrec_assets.content.words import WIDE, terms

LEXICAL_SHARE = 0.4
K1, B = 1.2, 0.75
"""BM25's usual saturation and length normalisation (Robertson and Zaragoza 2009)."""
COLUMNS = ("episode_id", "chunk", "start_s", "end_s", "text")
"""Columns of a passage that a result repeats."""
_WIDE = re.compile(WIDE)


def best_passages(
    query: str, vector: np.ndarray, rows: pa.Table, vectors: np.ndarray, k: int
) -> list[dict]:
    """Returns the best passage of each of the k best episodes, best first.

    score = LEXICAL_SHARE * lexical + (1 - LEXICAL_SHARE) * cosine; ties in the order of the rows.

    Args:
        query: words to search for.
        vector: (dimension,) unit vector of the query.
        rows: episode_id, chunk, start_s, end_s, text and token_count of the passages.
        vectors: (passages, dimension) unit vectors of the passages.
        k: most episodes.

    Returns:
        {episode_id, chunk, start_s, end_s, text, quote, score, cosine, lexical} of each passage.
    """
    cosines, lexical = vectors @ vector, bm25_shares(query, rows)
    scores = LEXICAL_SHARE * lexical + (1 - LEXICAL_SHARE) * cosines
    codes = rows["episode_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    order = np.argsort(-scores, kind="stable")
    _, best_of_each = np.unique(codes[order], return_index=True)
    chosen = order[np.sort(best_of_each)[:k]]
    wanted = set(terms(query))
    return [
        {
            **{name: rows[name][int(i)].as_py() for name in COLUMNS},
            "quote": snippet(rows["text"][int(i)].as_py(), wanted),
            "score": float(scores[i]),
            "cosine": float(cosines[i]),
            "lexical": float(lexical[i]),
        }
        for i in chosen
    ]


def bm25_shares(query: str, rows: pa.Table) -> np.ndarray:
    """Returns (passages,) BM25 scores as a share of the highest possible score, 0 to 1.

    A word that no passage has weighs most, so a paraphrase scores low everywhere and leaves the
    choice to the cosine. Each word is one scan of the texts: nothing is indexed, and memory stays
    that of the column.
    """
    texts, lengths = pc.utf8_lower(rows["text"]), rows["token_count"].to_numpy().astype(np.float32)
    count = len(rows)
    total, possible = np.zeros(count, dtype=np.float32), 0.0
    saturation = K1 * (1 - B + B * lengths / max(float(lengths.mean()) if count else 0.0, 1e-9))
    for term in sorted(set(terms(query))):
        times = (
            pc.count_substring_regex(texts, pattern=_whole_word(term)).to_numpy().astype(np.float32)
        )
        frequency = int(np.count_nonzero(times))
        weight = float(np.log(1 + (count - frequency + 0.5) / (frequency + 0.5)))
        total += weight * times / (times + saturation)
        possible += weight
    return total / possible if possible else total


def _whole_word(term: str) -> str:
    """Returns a regular expression of the whole word. RE2's own word boundary knows ASCII only."""
    return term if _WIDE.match(term) else rf"(?:^|[^\pL\pN_]){re.escape(term)}(?:$|[^\pL\pN_])"
