"""Cuts parts out of an audio file, as WAV files that an engine can be given."""

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from podrec_assets.content.asr.contract import RATE_HZ
from podrec_assets.content.asr.decoding import decoded

Span = tuple[float, float]
"""Start and end in seconds."""


def spread_spans(duration_s: float, count: int, length_s: float) -> list[Span]:
    """Returns `count` spans of a length, evenly spread; all of it if that is hardly more."""
    if duration_s <= 1.5 * count * length_s:
        return [(0.0, duration_s)]
    middles = ((n + 0.5) * duration_s / count for n in range(count))
    return [(middle - length_s / 2, middle + length_s / 2) for middle in middles]


def write_excerpts(
    audio: Path, spans: Sequence[Span], folder: Path, max_s: float, memory_mb: int
) -> list[tuple[float, Path]]:
    """Writes the spans that the file reaches; returns (start in seconds, file) of each.

    Args:
        audio: any file that FFmpeg reads.
        spans: in order, without overlap.
        folder: where the files are written.
        max_s: longest audio.
        memory_mb: memory limit of the decoding process.

    Raises:
        UnusableInputError: the audio cannot be decoded, or is too long.
    """
    parts: list[list[np.ndarray]] = [[] for _ in spans]
    with decoded(audio, max_s, memory_mb) as source:
        at = 0
        for block in source.blocks():
            for part, (start_s, end_s) in zip(parts, spans, strict=True):
                first, last = (round(s * RATE_HZ) - at for s in (start_s, end_s))
                if last > 0 and first < len(block):
                    part.append(block[max(0, first) : last])
            at += len(block)
    files = []
    for n, (part, (start_s, _)) in enumerate(zip(parts, spans, strict=True)):
        if part:
            files.append((start_s, folder / f"{n}.wav"))
            _write(files[-1][1], np.concatenate(part))
    return files


def _write(file: Path, samples: np.ndarray) -> None:
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE_HZ)
        sound.writeframes(samples.astype("<i2").tobytes())
