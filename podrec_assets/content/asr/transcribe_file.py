"""Runs one audio file through a loaded engine: decode, cut, recognise, join."""

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
"""A shorter remainder of a file has no word in it, and some engines refuse it."""


def transcribe_file(
    audio: Path,
    recognizer: Recognizer,
    version: str,
    language: str | None = None,
    max_s: float = 12 * 3600,
    memory_mb: int = 1024,
    progress: Callable[[float], None] = lambda _: None,
) -> Recognition:
    """Returns the transcript of a file, with one piece of it in memory at a time.

    Args:
        audio: any file that FFmpeg reads.
        recognizer: the loaded engine.
        version: of the engine, for the result.
        language: primary subtag, if known; otherwise the one that the engine detects first is used
            for the following pieces.
        max_s: longest audio.
        memory_mb: memory limit of the decoding process.
        progress: called with the seconds done, after each piece.

    Raises:
        UnusableInputError: the audio cannot be decoded, or is too long.
    """
    began = time.monotonic()
    transcripts: list[tuple[float, float, PieceTranscript]] = []
    with decoded(audio, max_s, memory_mb) as source:
        for start_s, samples in pieces(source.blocks(), recognizer.piece_s):
            end_s = start_s + len(samples) / RATE_HZ
            if end_s - start_s >= MIN_PIECE_S:
                transcript = recognizer.recognize(samples, language)
                language = language or transcript.language
                transcripts.append((start_s, end_s, transcript))
            progress(end_s)
    segments = [s for s in with_file_times(transcripts) if s["text"]]
    return Recognition(
        version, segments, language, round(source.heard_s, 3), round(time.monotonic() - began, 3)
    )
