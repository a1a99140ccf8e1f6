"""The lexical arm: TF-IDF rows of texts with bounded memory. Pure."""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from scipy.sparse import csr_matrix, vstack

BUCKETS = 1 << 20
"""Words are hashed: a vocabulary of a hundred thousand episodes would be a dictionary of millions."""
TERMS = 512
"""Weightiest words of a text that count; a long episode has about 1,500 distinct ones."""
BLOCK = 512
COMMON_SHARE = 0.5
"""A word in more than this share of the texts says nothing, once there are enough texts to tell."""
COMMON_COUNT = 20
_WIDE = r"[\u3040-\u30ff\u3400-\u9fff]"
WORD = rf"(?u){_WIDE}|(?:(?!{_WIDE})\w){{2,}}"
"""Two letters or more, or one character of a script without spaces."""


def counts(texts: Iterable[str]) -> csr_matrix:
    """(texts, BUCKETS) occurrences of each word."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hasher = HashingVectorizer(n_features=BUCKETS, alternate_sign=False, norm=None, token_pattern=WORD, dtype=np.float32)
    blocks = [hasher.transform(block) for block in _blocks(texts)]
    return vstack(blocks, format="csr") if blocks else csr_matrix((0, BUCKETS), dtype=np.float32)


def idf(found: csr_matrix) -> np.ndarray:
    """(BUCKETS,) inverse document frequency of each word, 1 + ln((1 + n) / (1 + df)), and 0 for one that most texts have."""
    n = found.shape[0]
    frequencies = np.bincount(found.indices, minlength=BUCKETS)
    weights = (1 + np.log((1 + n) / (1 + frequencies))).astype(np.float32)
    if n >= COMMON_COUNT:
        weights[frequencies > COMMON_SHARE * n] = 0
    return weights


def tfidf(found: csr_matrix, weights: np.ndarray) -> csr_matrix:
    """(texts, BUCKETS) unit rows, (1 + ln count) * idf, each cut to its TERMS weightiest words.

    `found` becomes the result. Words of one text alone shape its length and are dropped then: they match nothing.
    """
    found.data = (1 + np.log(found.data)) * weights[found.indices]
    lengths = np.sqrt(np.add.reduceat(np.append(found.data**2, 0), np.minimum(found.indptr[:-1], found.nnz)))
    lengths[np.diff(found.indptr) == 0] = 1
    found.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(found.indptr)).astype(np.float32)
    is_shared = np.bincount(found.indices, minlength=BUCKETS)[found.indices] > 1
    found.data[~is_shared] = 0
    for start, stop in zip(found.indptr[:-1], found.indptr[1:], strict=True):
        row = found.data[start:stop]
        if len(row) > TERMS:
            row[np.argsort(-row, kind="stable")[TERMS:]] = 0
    found.eliminate_zeros()
    return found


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(texts)
    while block := list(islice(rest, BLOCK)):
        yield block
