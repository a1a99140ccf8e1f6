"""What every speech recognition engine is and gives. Pure."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

RATE_HZ = 16_000
"""Samples a second that every engine hears: mono, 16 bit."""
EngineName = Literal["faster-whisper", "vosk", "pocketsphinx"]
Device = Literal["cpu", "cuda"]
PRECISIONS: dict[Device, str] = {"cpu": "int8", "cuda": "float16"}
"""What faster-whisper computes in; its version ends with it."""


@dataclass(frozen=True)
class AsrEngine:
    """An engine with its model, known without loading either: enough to plan, to look up results,
    and to load later.

    Attributes:
        name: engine.
        model: folder of the model; "" for a packaged one.
        version: engine, its version, model and the model's fingerprint: equal versions give equal
            text.
        languages: primary subtags that the model knows; None where it knows any, or does not say.
        is_low_quality: its text is for finding, not for reading.
        device: where it computes.
        threads: CPU threads of one worker.
    """

    name: EngineName
    model: str
    version: str
    languages: tuple[str, ...] | None
    is_low_quality: bool
    device: Device = "cpu"
    threads: int = 1

    def produced(self, version: str | None) -> bool:
        """Whether a row of this version is of this engine, on whatever device: a Spark worker's may
        be another than the run's.
        """
        names = (
            {version, *(f"{version.rpartition('/')[0]}/{p}" for p in PRECISIONS.values())}
            if version
            else set()
        )
        return self.version in names

    def supports(self, language: str | None) -> bool:
        """Whether it can transcribe the language; an unknown one is tried."""
        return self.languages is None or language is None or language in self.languages


@dataclass(frozen=True)
class PieceTranscript:
    """What an engine heard in one piece of audio.

    Attributes:
        segments: {start_s, end_s, text, confidence} in order, seconds from the start of the piece;
            confidence 0 to 1 or None.
        language: primary subtag that the engine detected or was told.
    """

    segments: list[dict] = field(default_factory=list)
    language: str | None = None


@dataclass(frozen=True)
class Recognition:
    """The transcript of one audio file.

    Attributes:
        engine: version of the engine.
        segments: as in PieceTranscript, seconds from the start of the file, starts and ends never going back.
        language: detected or given primary subtag.
        audio_s: seconds of audio that were decoded.
        compute_s: seconds that it took, decoding included.
    """

    engine: str
    segments: list[dict]
    language: str | None
    audio_s: float
    compute_s: float

    @property
    def text(self) -> str:
        return " ".join(s["text"] for s in self.segments)

    @property
    def confidence(self) -> float | None:
        """Mean confidence of the segments, weighted by their words; None where the engine gives
        none.
        """
        known = [
            (s["confidence"], len(s["text"].split()))
            for s in self.segments
            if s["confidence"] is not None
        ]
        words = sum(n for _, n in known)
        return sum(c * n for c, n in known) / words if words else None


class Recognizer(Protocol):
    """A loaded engine."""

    @property
    def piece_s(self) -> float:
        """Seconds of audio that it likes to hear at once."""
        ...

    def recognize(self, samples: np.ndarray, language: str | None) -> PieceTranscript:
        """What is said in a piece: (n,) int16 samples at RATE_HZ; the language if it is known."""
        ...


class Transcriber(AbstractContextManager, Protocol):
    """What transcribes audio files while it is entered, from as many threads as there are files at
    once.
    """

    def transcribe(self, audio: Path, language: str | None) -> Recognition:
        """The transcript of a file.

        Raises:
            UnusableInputError: the audio cannot be decoded or is too long.
            RetryableError: what transcribed it died or hung.
            SetupError: the engine cannot be loaded.
        """
        ...


def with_file_times(pieces: Iterable[tuple[float, float, PieceTranscript]]) -> Iterator[dict]:
    """Segments of pieces (start, end, what was heard) with times of the whole file: monotonic,
    inside their piece.
    """
    latest = 0.0
    for start_s, end_s, heard in pieces:
        for segment in heard.segments:
            begin = max(latest, min(start_s + segment["start_s"], end_s))
            latest = max(begin, min(start_s + segment["end_s"], end_s))
            yield {**segment, "start_s": round(begin, 3), "end_s": round(latest, 3)}
