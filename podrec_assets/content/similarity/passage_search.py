"""Search for words in passages: meaning and words fused, exact, without an index. Pure."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from podrec_assets.content.similarity.snippets import snippet
from podrec_assets.content.similarity.tfidf import WORD

LEXICAL_SHARE = 0.4
K1, B = 1.2, 0.75
"""BM25's usual saturation and length normalisation (Robertson and Zaragoza 2009)."""
_WORD = re.compile(WORD)
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


def best_passages(
    query: str, vector: np.ndarray, rows: pa.Table, vectors: np.ndarray, k: int
) -> list[dict]:
    """The best passage of each of the k best episodes: {episode_id, chunk, start_s, end_s, text,
    quote, score, cosine, lexical}.

    score = LEXICAL_SHARE * lexical + (1 - LEXICAL_SHARE) * cosine; ties in the order of the rows.

    Args:
        query: the words looked for.
        vector: (dimension,) unit vector of the query.
        rows: episode_id, chunk, start_s, end_s, text and token_count of the passages.
        vectors: (passages, dimension) their unit vectors.
        k: most episodes.
    """
    cosines, lexical = vectors @ vector, bm25_shares(query, rows)
    scores = LEXICAL_SHARE * lexical + (1 - LEXICAL_SHARE) * cosines
    codes = rows["episode_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    order = np.argsort(-scores, kind="stable")
    # Of each episode the first place in the order, and of those the k first.
    _, firsts = np.unique(codes[order], return_index=True)
    chosen = order[np.sort(firsts)[:k]]
    wanted = set(words(query))
    return [
        {
            **{
                name: rows[name][int(i)].as_py()
                for name in ("episode_id", "chunk", "start_s", "end_s", "text")
            },
            "quote": snippet(rows["text"][int(i)].as_py(), wanted),
            "score": float(scores[i]),
            "cosine": float(cosines[i]),
            "lexical": float(lexical[i]),
        }
        for i in chosen
    ]


def bm25_shares(query: str, rows: pa.Table) -> np.ndarray:
    """(passages,) 0 to 1: how much of the query's information is in each passage, by BM25 over what
    it could be at most.

    A word that no passage has weighs most, so a paraphrase scores low everywhere and leaves the
    choice to the meaning. Each word is one scan of the texts: nothing is indexed, memory stays that
    of the column.
    """
    terms = sorted(set(words(query)))
    texts, lengths = pc.utf8_lower(rows["text"]), rows["token_count"].to_numpy().astype(np.float32)
    count = len(rows)
    total, possible = np.zeros(count, dtype=np.float32), 0.0
    slack = K1 * (1 - B + B * lengths / max(float(lengths.mean()) if count else 0.0, 1e-9))
    for term in terms:
        times = (
            pc.count_substring_regex(texts, pattern=_pattern(term)).to_numpy().astype(np.float32)
        )
        frequency = int(np.count_nonzero(times))
        weight = float(np.log(1 + (count - frequency + 0.5) / (frequency + 0.5)))
        total += weight * times / (times + slack)
        possible += weight
    return total / possible if possible else total


def words(text: str) -> list[str]:
    """The words of a text in lower case, as the lexical arm counts them."""
    return _WORD.findall(text.lower())


def _pattern(term: str) -> str:
    """A regular expression of the whole word. RE2's own word bound knows ASCII only."""
    return term if _WIDE.match(term) else rf"(?:^|[^\pL\pN_]){re.escape(term)}(?:$|[^\pL\pN_])"
