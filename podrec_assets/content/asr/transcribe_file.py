"""One audio file through a loaded engine: decode, cut, recognise, put the times together."""

import time
from collections.abc import Callable
from pathlib import Path

from podrec_assets.content.asr.contract import (
    RATE_HZ,
    PieceTranscript,
    Recognition,
    Recognizer,
    with_file_times,
)
from podrec_assets.content.asr.decoding import decoded
from podrec_assets.content.asr.segmentation import pieces

MIN_PIECE_S = 0.1
"""A shorter rest of a file holds no word, and some engines refuse it."""


def transcribe_file(
    audio: Path,
    recognizer: Recognizer,
    version: str,
    language: str | None = None,
    max_s: float = 12 * 3600,
    memory_mb: int = 1024,
    progress: Callable[[float], None] = lambda _: None,
) -> Recognition:
    """The transcript of a file; memory holds one piece of it at a time.

    Args:
        audio: any file that FFmpeg reads.
        recognizer: the loaded engine.
        version: of that engine, kept with the result.
        language: primary subtag if known; otherwise what the engine detects in the first piece is
            used for the others.
        max_s: longest audio that is taken.
        memory_mb: memory limit of the decoding process.
        progress: told the seconds that are done, after each piece.

    Raises:
        UnusableInputError: the audio cannot be decoded, or is too long.
    """
    begun = time.monotonic()
    heard: list[tuple[float, float, PieceTranscript]] = []
    with decoded(audio, max_s, memory_mb) as source:
        for start_s, samples in pieces(source.blocks(), recognizer.piece_s):
            end_s = start_s + len(samples) / RATE_HZ
            if end_s - start_s >= MIN_PIECE_S:
                found = recognizer.recognize(samples, language)
                language = language or found.language
                heard.append((start_s, end_s, found))
            progress(end_s)
    spoken = [s for s in with_file_times(heard) if s["text"]]
    return Recognition(
        version, spoken, language, round(source.heard_s, 3), round(time.monotonic() - begun, 3)
    )
