"""What a show says in every episode: intros, sponsors, farewells. Pure.

Boilerplate is found by runs of words that recur. Sentences would not do: captions cut the same
sentence at different places in every episode. A run counts once per episode, and once for all
episodes with the same text, so a re-feed does not turn an episode into its own boilerplate.
"""

import hashlib
from functools import lru_cache

import numpy as np

from podrec_assets.content.words import comparable_words

RUN = 8
"""Words of a run. Shorter runs recur by chance ("and I think that's one of the")."""
MIN_EPISODES = 3
"""Fewest episodes in which boilerplate recurs."""
MIN_SHARE = 0.1
"""Smallest share of the show's episodes in which boilerplate recurs."""
MAX_REMOVED_SHARE = 0.5
"""An episode that would lose more than this keeps everything: it repeats another episode."""
COVERED_SHARE = 0.5
"""Share of a sentence's words in recurring runs from which on the sentence is boilerplate."""


def word_hashes(text: str) -> np.ndarray:
    """Returns one uint64 for each word of the text, case ignored.

    In scripts without spaces each character counts as a word.
    """
    return np.fromiter((_hash(w) for w in comparable_words(text)), dtype=np.uint64)


@lru_cache(maxsize=1 << 18)
def _hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")


def run_hashes(words: np.ndarray, length: int = RUN) -> np.ndarray:
    """Returns one uint64 for each run of `length` successive words, in order.

    There are len(words) - length + 1 runs, or none.
    """
    count = len(words) - length + 1
    if count <= 0:
        return np.empty(0, dtype=np.uint64)
    hashes = np.zeros(count, dtype=np.uint64)
    for n in range(length):
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + words[n : n + count]
        hashes ^= hashes >> np.uint64(29)
    return hashes


def recurring_runs(texts: list[np.ndarray]) -> np.ndarray:
    """Returns the sorted hashes of the runs that recur in a show.

    Args:
        texts: word_hashes of each of the show's episodes.
    """
    distinct = {words.tobytes(): words for words in texts if len(words) >= RUN}
    if len(distinct) < MIN_EPISODES:
        return np.empty(0, dtype=np.uint64)
    runs = np.concatenate([np.unique(run_hashes(words)) for words in distinct.values()])
    hashes, counts = np.unique(runs, return_counts=True)
    return hashes[counts >= max(MIN_EPISODES, MIN_SHARE * len(distinct))]


def is_boilerplate(sentences: list[np.ndarray], recurring: np.ndarray) -> list[bool]:
    """Returns for each sentence of an episode whether it is boilerplate.

    All are False where more than MAX_REMOVED_SHARE of the words would go. Sentences without words
    are kept.

    Args:
        sentences: word_hashes of each sentence, in order.
        recurring: recurring_runs of the show.
    """
    words = np.concatenate([*sentences, np.empty(0, dtype=np.uint64)])
    starts = np.flatnonzero(np.isin(run_hashes(words), recurring))
    covered = np.zeros(len(words) + 1, dtype=np.int32)
    np.add.at(covered, starts, 1)
    np.add.at(covered, starts + RUN, -1)
    is_covered = np.cumsum(covered[:-1]) > 0
    ends = np.cumsum([len(s) for s in sentences])
    shares = [
        is_covered[end - len(s) : end].mean() if len(s) else 0.0
        for s, end in zip(sentences, ends, strict=True)
    ]
    flags = [bool(share >= COVERED_SHARE) for share in shares]
    removed = sum(len(s) for s, flag in zip(sentences, flags, strict=True) if flag)
    return flags if removed <= MAX_REMOVED_SHARE * len(words) else [False] * len(sentences)
