"""What a show says in episode after episode: intros, sponsors, farewells. Found by runs of words
that recur. Pure.

Runs of words, not sentences, because captions cut the same sentence at other places in every
episode. A run counts once for an episode, and once for all episodes with the same text, so that a
re-feed does not make an episode its own boilerplate.
"""

import hashlib
import re
from functools import lru_cache

import numpy as np

RUN = 8
"""Words of a run; shorter ones recur by chance ("and I think that's one of the")."""
MIN_EPISODES = 3
"""Fewest episodes that a run recurs in before it is boilerplate."""
MIN_SHARE = 0.1
"""Least share of the show's episodes that a run recurs in."""
MAX_REMOVED_SHARE = 0.5
"""An episode that would lose more than this keeps everything: it is a repeat of another, not
boilerplate.
"""
COVERED_SHARE = 0.5
"""Share of a sentence's words that lie in such runs, from which on the sentence is boilerplate."""
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_]+(?:['\u2019][^\W_]+)?")


def word_hashes(text: str) -> np.ndarray:
    """One uint64 for each word of the text (for each character where a script has no spaces), case
    ignored.
    """
    return np.fromiter((_hash(w) for w in _WORD.findall(text.lower())), dtype=np.uint64)


@lru_cache(maxsize=1 << 18)
def _hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")


def run_hashes(words: np.ndarray, length: int = RUN) -> np.ndarray:
    """One uint64 for each run of so many successive words, in order: len(words) - length + 1 of
    them, or none.
    """
    count = len(words) - length + 1
    if count <= 0:
        return np.empty(0, dtype=np.uint64)
    found = np.zeros(count, dtype=np.uint64)
    for n in range(length):
        found = found * np.uint64(0x9E3779B97F4A7C15) + words[n : n + count]
        found ^= found >> np.uint64(29)
    return found


def recurring_runs(texts: list[np.ndarray]) -> np.ndarray:
    """Sorted hashes of the runs that recur in a show.

    Args:
        texts: word_hashes of each of the show's episodes.
    """
    distinct = {words.tobytes(): words for words in texts if len(words) >= RUN}
    if len(distinct) < MIN_EPISODES:
        return np.empty(0, dtype=np.uint64)
    runs = np.concatenate([np.unique(run_hashes(words)) for words in distinct.values()])
    found, counts = np.unique(runs, return_counts=True)
    return found[counts >= max(MIN_EPISODES, MIN_SHARE * len(distinct))]


def is_boilerplate(pieces: list[np.ndarray], recurring: np.ndarray) -> list[bool]:
    """For each successive piece (sentence) of an episode, given as word_hashes, whether it is
    boilerplate.

    All False where more than MAX_REMOVED_SHARE of the words would go. Pieces without words are
    kept.
    """
    words = np.concatenate([*pieces, np.empty(0, dtype=np.uint64)])
    starts = np.flatnonzero(np.isin(run_hashes(words), recurring))
    covered = np.zeros(len(words) + 1, dtype=np.int32)
    np.add.at(covered, starts, 1)
    np.add.at(covered, starts + RUN, -1)
    is_covered = np.cumsum(covered[:-1]) > 0
    ends = np.cumsum([len(p) for p in pieces])
    shares = [
        is_covered[end - len(p) : end].mean() if len(p) else 0.0
        for p, end in zip(pieces, ends, strict=True)
    ]
    flags = [bool(share >= COVERED_SHARE) for share in shares]
    removed = sum(len(p) for p, flag in zip(pieces, flags, strict=True) if flag)
    return flags if removed <= MAX_REMOVED_SHARE * len(words) else [False] * len(pieces)
