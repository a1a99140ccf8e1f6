"""TF-IDF rows of texts with bounded memory. Pure.

scikit-learn counts the terms; the weighting is its own. TfidfVectorizer holds a dictionary of every
term, drops rare and common terms before it cuts a row, and gives other lists for 262 of 266 real
episodes (ADR 0015).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack

from podrec_assets.content.words import TERM

BUCKETS = 1 << 20
"""Terms are hashed: a hundred thousand episodes would need a dictionary of millions of terms."""
LEAST_TERMS, MOST_TERMS, HELD_TERMS = 512, 4096, 60_000_000
"""A text keeps its heaviest terms of each kind: as many as keep all texts under HELD_TERMS."""
BLOCK = 512
COMMON_SHARE = 0.5
"""A term in more than this share of the texts is ignored, given COMMON_COUNT texts."""
COMMON_COUNT = 20
"""With so many texts, common terms and terms of one text alone do not count for a row's length."""


@dataclass(frozen=True)
class Terms:
    """One kind of term.

    Attributes:
        share: of the similarity.
        analyzer: scikit-learn's.
        length: words or characters of one term.
    """

    share: float
    analyzer: str
    length: int


WORDS = Terms(0.4, "word", 1)
KINDS = (WORDS, Terms(0.4, "word", 2), Terms(0.2, "char_wb", 5))
"""Word pairs catch the phrases of a show or guest, parts of words catch inflected forms.

On 266 real episodes words alone found .922 of the same show and .829 of the other halves, the three
together .926 and .852.
"""


def tfidf_rows(texts: Callable[[], Iterable[str]], count: int) -> csr_matrix:
    """Returns (count, kinds * BUCKETS) sparse rows; their inner products are similarities, 0 to 1.

    Args:
        texts: returns all texts at each call, so that they need not be held in memory.
        count: number of texts.
    """
    most = min(MOST_TERMS, max(LEAST_TERMS, HELD_TERMS // max(1, len(KINDS) * count)))
    parts = []
    for kind in KINDS:
        counts = count_terms(texts(), kind)
        parts.append(weigh(counts, idf(counts), most) * np.float32(np.sqrt(kind.share)))
    return hstack(parts, format="csr")


def count_terms(texts: Iterable[str], kind: Terms = WORDS) -> csr_matrix:
    """Returns (texts, BUCKETS) occurrences of each term."""
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(
        n_features=BUCKETS,
        alternate_sign=False,
        norm=None,
        token_pattern=TERM if kind.analyzer == "word" else None,
        analyzer=kind.analyzer,
        ngram_range=(kind.length, kind.length),
        dtype=np.float32,
    )
    blocks = [vectorizer.transform(block) for block in _blocks(texts)]
    return vstack(blocks, format="csr") if blocks else csr_matrix((0, BUCKETS), dtype=np.float32)


def idf(counts: csr_matrix) -> np.ndarray:
    """Returns (BUCKETS,) inverse document frequencies, 1 + ln((1 + n) / (1 + df)).

    Given COMMON_COUNT texts, they are 0 for terms of most texts and for terms of a single text.
    """
    n = counts.shape[0]
    frequencies = np.bincount(counts.indices, minlength=BUCKETS)
    weights = (1 + np.log((1 + n) / (1 + frequencies))).astype(np.float32)
    if n >= COMMON_COUNT:
        weights[(frequencies > COMMON_SHARE * n) | (frequencies < 2)] = 0
    return weights


def weigh(counts: csr_matrix, weights: np.ndarray, most: int = MOST_TERMS) -> csr_matrix:
    """Turns counts into unit rows of (1 + ln count) * idf, in place, and returns them.

    Each row keeps its `most` heaviest terms. Terms of one text alone are dropped last: they match
    nothing.
    """
    counts.data = (1 + np.log(counts.data)) * weights[counts.indices]
    lengths = np.sqrt(
        np.add.reduceat(np.append(counts.data**2, 0), np.minimum(counts.indptr[:-1], counts.nnz))
    )
    lengths[np.diff(counts.indptr) == 0] = 1
    counts.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(counts.indptr)).astype(np.float32)
    is_shared = np.bincount(counts.indices, minlength=BUCKETS)[counts.indices] > 1
    counts.data[~is_shared] = 0
    for start, stop in pairwise(counts.indptr):
        row = counts.data[start:stop]
        if len(row) > most:
            row[np.argsort(-row, kind="stable")[most:]] = 0
    counts.eliminate_zeros()
    return counts


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(texts)
    while block := list(islice(rest, BLOCK)):
        yield block
