"""pocketsphinx with its packaged US English model: needs nothing from outside, and understands
about every second word.
"""

import math

import numpy as np
from pocketsphinx import Decoder

from podrec_assets.content.asr.contract import AsrEngine, PieceTranscript

FRAMES_A_SECOND = 100
PAUSE_S = 0.35
LONGEST_SEGMENT_S = 15.0


class PocketsphinxRecognizer:
    """Segments end at pauses. Confidence is the posterior of the whole piece as a mean over its
    words: low, but comparable.
    """

    piece_s = 20.0

    def __init__(self, engine: AsrEngine) -> None:
        self._decoder = Decoder(loglevel="FATAL")

    def recognize(self, samples: np.ndarray, language: str | None) -> PieceTranscript:
        self._decoder.start_utt()
        self._decoder.process_raw(samples.astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        if found is None or not found.hypstr.strip():
            return PieceTranscript([], "en")
        count = len(found.hypstr.split())
        confidence = math.exp(math.log(found.prob) / count) if found.prob > 0 else 0.0
        timed = [
            (_plain(s.word), s.start_frame / FRAMES_A_SECOND, (s.end_frame + 1) / FRAMES_A_SECOND)
            for s in self._decoder.seg()
        ]
        return PieceTranscript(segmented([w for w in timed if w[0]], confidence), "en")


def segmented(words: list[tuple[str, float, float]], confidence: float | None) -> list[dict]:
    """Segments of timed words (text, start, end): a pause of PAUSE_S or LONGEST_SEGMENT_S ends one."""
    groups: list[list[tuple[str, float, float]]] = []
    for word in words:
        if (
            groups
            and word[1] - groups[-1][-1][2] < PAUSE_S
            and word[2] - groups[-1][0][1] <= LONGEST_SEGMENT_S
        ):
            groups[-1].append(word)
        else:
            groups.append([word])
    return [
        {
            "start_s": g[0][1],
            "end_s": g[-1][2],
            "text": " ".join(w for w, _, _ in g),
            "confidence": confidence,
        }
        for g in groups
    ]


def _plain(word: str) -> str:
    """A dictionary word without its variant number; "" for silence and noise."""
    return "" if word[:1] in "<[" or word.startswith("++") else word.partition("(")[0]
