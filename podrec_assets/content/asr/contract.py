"""What every speech recognition engine offers and returns. Pure."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from podrec_assets.content.words import word_count
from podrec_assets.settings import Settings

RATE_HZ = 16_000
"""Sample rate of the audio that engines get: mono, 16 bit."""
Device = Literal["cpu", "cuda"]
PRECISIONS: dict[Device, str] = {"cpu": "int8", "cuda": "float16"}
"""Precision of faster-whisper by device; its version ends with it."""


@dataclass(frozen=True)
class AsrEngine:
    """An engine with its model, known without loading either.

    It is enough to plan, to look up results, and to load the engine later.

    Attributes:
        name: of the engine.
        model: folder of the model.
        version: engine, its version, model and the model's fingerprint. Equal versions give equal
            text.
        languages: primary subtags that the model supports; None for any, or where unknown.
        device: where it computes.
        threads: CPU threads of one worker.
    """

    name: str
    model: str
    version: str
    languages: tuple[str, ...] | None
    device: Device = "cpu"
    threads: int = 1

    @property
    def model_name(self) -> str:
        """The name of the model's folder."""
        return Path(self.model).name

    def produced(self, version: str | None) -> bool:
        """Whether a row of this version is from this engine, on any device.

        A Spark worker may have another device than the run.
        """
        if not version:
            return False
        model = version.rpartition("/")[0]
        return self.version in {version, *(f"{model}/{p}" for p in PRECISIONS.values())}

    def supports(self, language: str | None) -> bool:
        """Whether it can transcribe the language; an unknown language is tried."""
        return self.languages is None or language is None or language in self.languages


@dataclass(frozen=True)
class PieceTranscript:
    """The transcript of one piece of audio.

    Attributes:
        segments: {start_s, end_s, text, confidence, words} in order, in seconds from the start of
            the piece; confidence is 0 to 1 or None, and words are {start_s, end_s, text}.
        language: primary subtag, detected or given.
    """

    segments: list[dict] = field(default_factory=list)
    language: str | None = None


@dataclass(frozen=True)
class Recognition:
    """The transcript of one audio file.

    Attributes:
        engine: version of the engine.
        segments: as in PieceTranscript, in seconds from the start of the file; times never go back.
        language: primary subtag, detected or given.
        audio_s: seconds of audio that were decoded.
        compute_s: seconds of computing, decoding included.
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
        """Mean confidence of the segments, weighted by words; None if the engine gives none."""
        known = [
            (s["confidence"], word_count(s["text"]))
            for s in self.segments
            if s["confidence"] is not None
        ]
        words = sum(n for _, n in known)
        return sum(c * n for c, n in known) / words if words else None


AudioProgress = Callable[[float], None]
"""Called with seconds of audio that are done."""


class Recognizer(Protocol):
    """A loaded engine."""

    @property
    def piece_s(self) -> float:
        """Seconds of audio that it works best with at once."""
        ...

    def recognize(self, samples: np.ndarray, language: str | None) -> PieceTranscript:
        """Returns what is said in a piece.

        Args:
            samples: (n,) int16 at RATE_HZ.
            language: primary subtag, if known.
        """
        ...


class Backend(Protocol):
    """One engine: which model folders it reads, and how to load one.

    Its file imports the engine's library only in `load`, so that choosing an engine loads nothing.
    """

    @property
    def name(self) -> str:
        """The engine's name in PODREC_ASR_ENGINE."""
        ...

    def model_setting(self, settings: Settings) -> str:
        """Returns the model that the settings name: a folder or a name; "" for any."""
        ...

    def is_model(self, folder: Path) -> bool:
        """Whether the folder holds a model of this engine."""
        ...

    def describe(self, folder: Path, device: Device, threads: int) -> AsrEngine:
        """Returns the engine with the model of a folder, without loading it."""
        ...

    def load(self, engine: AsrEngine) -> Recognizer:
        """Returns the engine with its model in memory.

        Raises:
            SetupError: the model is missing or damaged.
        """
        ...


class Transcriber(AbstractContextManager, Protocol):
    """Transcribes audio files while it is entered, several at once from as many threads."""

    def transcribe(
        self, audio: Path, language: str | None, progress: AudioProgress = lambda _: None
    ) -> Recognition:
        """Returns the transcript of a file.

        Args:
            audio: the file.
            language: primary subtag, if known.
            progress: called with the seconds of audio that are done, from time to time.

        Raises:
            UnusableInputError: the audio cannot be decoded or is too long.
            RetryableError: the transcribing process died or hung.
            SetupError: the engine cannot be loaded.
        """
        ...


def with_file_times(pieces: Iterable[tuple[float, float, PieceTranscript]]) -> Iterator[dict]:
    """Yields the segments of (start, end, transcript) pieces with times of the whole file.

    Times never go back and stay inside their piece; those of words stay inside their segment.
    """
    latest = 0.0
    for start_s, end_s, piece in pieces:
        for segment in piece.segments:
            begin = max(latest, min(start_s + segment["start_s"], end_s))
            latest = max(begin, min(start_s + segment["end_s"], end_s))
            words = [_shifted(word, start_s, begin, latest) for word in segment["words"]]
            yield {**segment, **_times(begin, latest), "words": words}


def _shifted(word: dict, by_s: float, first_s: float, last_s: float) -> dict:
    begin, end = (min(max(by_s + word[key], first_s), last_s) for key in ("start_s", "end_s"))
    return {**word, **_times(begin, max(begin, end))}


def _times(start_s: float, end_s: float) -> dict:
    return {"start_s": round(start_s, 3), "end_s": round(end_s, 3)}
