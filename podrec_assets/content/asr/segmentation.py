"""Cuts a stream of samples into pieces at its quietest moments. Pure."""

from collections.abc import Iterable, Iterator

import numpy as np

from podrec_assets.content.asr.contract import RATE_HZ

SEARCH_SHARE = 0.3
"""The last part of a piece, in which the cut is made."""
WINDOW_S = 0.2


def pieces(blocks: Iterable[np.ndarray], piece_s: float) -> Iterator[tuple[float, np.ndarray]]:
    """Yields (start in seconds, samples) of the consecutive pieces of a stream.

    A piece has at most `piece_s` seconds. It ends in the middle of the quietest WINDOW_S of its
    last SEARCH_SHARE, so a word is cut only where nobody pauses that long. One piece and one block
    are held at a time.
    """
    most, start = int(piece_s * RATE_HZ), 0
    held = np.zeros(0, np.int16)
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) > most:
            cut = quietest(held[:most], int(most * (1 - SEARCH_SHARE)))
            yield start / RATE_HZ, held[:cut]
            start, held = start + cut, held[cut:]
    if len(held):
        yield start / RATE_HZ, held


def quietest(samples: np.ndarray, first: int) -> int:
    """Returns the index of the middle of the quietest window at or after `first`.

    Of equally quiet windows it is the last.
    """
    width = int(WINDOW_S * RATE_HZ)
    energy = np.cumsum(np.square(samples[first:], dtype=np.float64))
    if len(energy) <= width:
        return len(samples)
    sums = energy[width:] - energy[:-width]
    at = len(sums) - 1 - int(np.argmin(sums[::-1]))
    return first + 1 + at + width // 2
