"""The lexical arm: TF-IDF rows of texts with bounded memory. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack

BUCKETS = 1 << 20
"""Terms are hashed: a vocabulary of a hundred thousand episodes would be a dictionary of millions.
"""
LEAST_TERMS, MOST_TERMS, HELD_TERMS = 512, 4096, 60_000_000
"""Weightiest terms of one kind that count of a text: as many as keep those of all texts under
HELD_TERMS.
"""
BLOCK = 512
COMMON_SHARE = 0.5
"""A word in more than this share of the texts says nothing, once there are enough texts to tell."""
COMMON_COUNT = 20
"""Texts from which on such words, and terms that one text alone has, are left out before a row's
length is taken.
"""
_WIDE = r"[\u3040-\u30ff\u3400-\u9fff]"
WORD = rf"(?u){_WIDE}|(?:(?!{_WIDE})\w){{2,}}"
"""Two letters or more, or one character of a script without spaces."""


@dataclass(frozen=True)
class Terms:
    """One kind of term: its share of the similarity, scikit-learn's analyzer, and how many words or
    characters make one.
    """

    share: float
    analyzer: str
    length: int


WORDS = Terms(0.4, "word", 1)
KINDS = (WORDS, Terms(0.4, "word", 2), Terms(0.2, "char_wb", 5))
"""Pairs of words carry what a show or guest keeps saying, parts of words what inflection hides. On
266 real episodes words alone found .922 of the same show and .829 of the other halves, the three
together .926 and .852.
"""


def rows(texts: Callable[[], Iterable[str]], count: int) -> csr_matrix:
    """(count, kinds * BUCKETS) sparse rows whose inner products are the lexical similarities, 0 to
    1.

    Args:
        texts: gives all `count` texts, anew at each call, so that they need not be held.
        count: how many.
    """
    most = min(MOST_TERMS, max(LEAST_TERMS, HELD_TERMS // max(1, len(KINDS) * count)))
    found = []
    for kind in KINDS:
        counted = counts(texts(), kind)
        found.append(tfidf(counted, idf(counted), most) * np.float32(np.sqrt(kind.share)))
    return hstack(found, format="csr")


def counts(texts: Iterable[str], kind: Terms = WORDS) -> csr_matrix:
    """(texts, BUCKETS) occurrences of each term."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hasher = HashingVectorizer(
        n_features=BUCKETS, alternate_sign=False, norm=None, token_pattern=WORD if kind.analyzer == "word" else None,
        analyzer=kind.analyzer, ngram_range=(kind.length, kind.length), dtype=np.float32,
    )  # fmt: skip
    blocks = [hasher.transform(block) for block in _blocks(texts)]
    return vstack(blocks, format="csr") if blocks else csr_matrix((0, BUCKETS), dtype=np.float32)


def idf(found: csr_matrix) -> np.ndarray:
    """(BUCKETS,) inverse document frequency of each term, 1 + ln((1 + n) / (1 + df)).

    Where there are COMMON_COUNT texts, 0 for a term that most texts have and for one that a single
    text has.
    """
    n = found.shape[0]
    frequencies = np.bincount(found.indices, minlength=BUCKETS)
    weights = (1 + np.log((1 + n) / (1 + frequencies))).astype(np.float32)
    if n >= COMMON_COUNT:
        weights[(frequencies > COMMON_SHARE * n) | (frequencies < 2)] = 0
    return weights


def tfidf(found: csr_matrix, weights: np.ndarray, most: int = MOST_TERMS) -> csr_matrix:
    """(texts, BUCKETS) unit rows, (1 + ln count) * idf, each cut to its `most` weightiest terms.

    `found` becomes the result. Terms of one text alone are dropped at the end: they match nothing.
    """
    found.data = (1 + np.log(found.data)) * weights[found.indices]
    lengths = np.sqrt(
        np.add.reduceat(np.append(found.data**2, 0), np.minimum(found.indptr[:-1], found.nnz))
    )
    lengths[np.diff(found.indptr) == 0] = 1
    found.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(found.indptr)).astype(np.float32)
    is_shared = np.bincount(found.indices, minlength=BUCKETS)[found.indices] > 1
    found.data[~is_shared] = 0
    for start, stop in pairwise(found.indptr):
        row = found.data[start:stop]
        if len(row) > most:
            row[np.argsort(-row, kind="stable")[most:]] = 0
    found.eliminate_zeros()
    return found


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(texts)
    while block := list(islice(rest, BLOCK)):
        yield block
