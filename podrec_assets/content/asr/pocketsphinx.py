"""pocketsphinx with its packaged US English model.

It needs no download, and recognises about every second word.
"""

import math
from importlib.metadata import version
from pathlib import Path

import numpy as np

from podrec_assets.content.asr.contract import (
    AsrEngine,
    Device,
    PieceTranscript,
    Recognizer,
)
from podrec_assets.settings import Settings

FRAMES_A_SECOND = 100
PAUSE_S = 0.35
LONGEST_SEGMENT_S = 15.0


class PocketsphinxBackend:
    """The packaged model only."""

    name = "pocketsphinx"
    has_packaged_model = True

    def model_setting(self, settings: Settings) -> str:  # noqa: ARG002
        return ""

    def is_model(self, folder: Path) -> bool:  # noqa: ARG002
        return False

    def describe(self, folder: Path, device: Device, threads: int) -> AsrEngine:  # noqa: ARG002
        return AsrEngine(
            name=self.name,
            model="",
            version=f"{self.name}/{version('pocketsphinx')}/en-us",
            languages=("en",),
            is_low_quality=True,
        )

    def load(self, engine: AsrEngine) -> Recognizer:  # noqa: ARG002
        return PocketsphinxRecognizer()


class PocketsphinxRecognizer:
    """Segments end at pauses.

    Confidence is the posterior of the piece as a mean over its words: low, but comparable.
    """

    piece_s = 20.0

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        self._decoder = Decoder(loglevel="FATAL")

    def recognize(self, samples: np.ndarray, language: str | None) -> PieceTranscript:  # noqa: ARG002
        self._decoder.start_utt()
        self._decoder.process_raw(samples.astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()
        hypothesis = self._decoder.hyp()
        if hypothesis is None or not hypothesis.hypstr.strip():
            return PieceTranscript([], "en")
        count = len(hypothesis.hypstr.split())
        probability = hypothesis.prob
        confidence = math.exp(math.log(probability) / count) if probability > 0 else 0.0
        timed = [
            (_plain(s.word), s.start_frame / FRAMES_A_SECOND, (s.end_frame + 1) / FRAMES_A_SECOND)
            for s in self._decoder.seg()
        ]
        return PieceTranscript(split_at_pauses([w for w in timed if w[0]], confidence), "en")


def split_at_pauses(words: list[tuple[str, float, float]], confidence: float | None) -> list[dict]:
    """Returns segments of (text, start, end) words.

    A segment ends at a pause of PAUSE_S, or before it is longer than LONGEST_SEGMENT_S.
    """
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
    """Returns a dictionary word without its variant number; "" for silence and noise."""
    return "" if word[:1] in "<[" or word.startswith("++") else word.partition("(")[0]
