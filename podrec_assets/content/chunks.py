"""Transcripts to chunks of at most so many tokens, on sentence bounds where there are some, each with its time span. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


@dataclass(frozen=True)
class Chunk:
    """A run of sentences: text, its tokens, and the seconds it spans (null in untimed transcripts)."""

    text: str
    token_count: int
    start_s: float | None
    end_s: float | None


def chunk_segments(segments: list[dict], max_tokens: int, count: Callable[[str], int]) -> list[Chunk]:
    """Chunks that hold every word of the segments, in order; speaker names are no part of segments' text.

    Args:
        segments: {start_s, end_s, text} in order.
        max_tokens: most tokens of a chunk; a longer sentence is cut between words.
        count: number of tokens of a text.
    """
    chunks: list[Chunk] = []
    held: list[Chunk] = []
    for piece in _sentences(segments, max_tokens, count):
        if held and sum(p.token_count for p in held) + piece.token_count > max_tokens:
            chunks.append(_joined(held, count))
            held = []
        held.append(piece)
    return [*chunks, _joined(held, count)] if held else chunks


def _sentences(segments: list[dict], max_tokens: int, count: Callable[[str], int]) -> list[Chunk]:
    pieces = []
    for segment in segments:
        for sentence in _SENTENCE_END.split(segment["text"]):
            for part in _parts(sentence.strip(), max_tokens, count):
                pieces.append(Chunk(part, count(part), segment["start_s"], segment["end_s"]))
    return pieces


def _parts(sentence: str, max_tokens: int, count: Callable[[str], int]) -> list[str]:
    """The sentence, halved between words (or inside one endless word) until each part fits."""
    if not sentence:
        return []
    if count(sentence) <= max_tokens:
        return [sentence]
    words = sentence.split()
    if len(words) > 1:
        halves = (" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :]))
    else:
        halves = (sentence[: len(sentence) // 2], sentence[len(sentence) // 2 :])
    return [part for half in halves for part in _parts(half, max_tokens, count)]


def _joined(pieces: list[Chunk], count: Callable[[str], int]) -> Chunk:
    text = " ".join(p.text for p in pieces)
    starts = [p.start_s for p in pieces if p.start_s is not None]
    ends = [p.end_s for p in pieces if p.end_s is not None]
    return Chunk(text, count(text), min(starts, default=None), max(ends, default=None))
