"""Cuts transcripts into chunks of a limited number of tokens, at sentence ends where possible.

Each chunk has its time span. Pure.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[\u3002\uff01\uff1f])")
_LABEL = re.compile(
    r"^>>+\s*|^(?i:\[(?:speaker|voice)[ _-]?\w*\]:?|(?:speaker|voice)[ _-]?\d+:)\s*"
    r"|^[A-Z][A-Z.'\u2019-]+(?: [A-Z][A-Z.'\u2019-]+){0,3}:\s+"
)
_SOUND = re.compile(
    r"[\[(](?:music|laugh(?:s|ter|ing)?(?: out loud)?|applause|crosstalk|inaudible|silence|cheering"
    r"|unintelligible)[\])]|[♪♫]+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sentence:
    """A sentence, or a part of one that is too long for a chunk.

    Its times are those of its segment, in seconds.
    """

    text: str
    token_count: int
    start_s: float | None
    end_s: float | None


@dataclass(frozen=True)
class Chunk:
    """Consecutive sentences and the seconds they span; null in untimed transcripts."""

    text: str
    token_count: int
    start_s: float | None
    end_s: float | None


def split_sentences(
    segments: list[dict], max_tokens: int, count: Callable[[str], int]
) -> list[Sentence]:
    """Returns the sentences of the segments, without speaker labels and marks like [laughter].

    Args:
        segments: {start_s, end_s, text} in order.
        max_tokens: a longer sentence is cut between words.
        count: returns the number of tokens of a text.
    """
    sentences = []
    for segment in segments:
        parts = (
            part
            for sentence in SENTENCE_END.split(spoken_text(segment["text"]))
            for part in _fit(sentence.strip(), max_tokens, count)
        )
        # A symbol that the tokenizer does not know has no token, and is no sentence.
        sentences += [
            Sentence(part, tokens, segment["start_s"], segment["end_s"])
            for part in parts
            if (tokens := count(part))
        ]
    return sentences


def make_chunks(sentences: Iterable[Sentence], max_tokens: int) -> list[Chunk]:
    """Returns chunks with all sentences in order, as many in each as fit."""
    chunks: list[Chunk] = []
    pending: list[Sentence] = []
    size = 0
    for sentence in sentences:
        if pending and size + sentence.token_count > max_tokens:
            chunks.append(_join(pending))
            pending, size = [], 0
        pending.append(sentence)
        size += sentence.token_count
    return [*chunks, _join(pending)] if pending else chunks


def spoken_text(text: str) -> str:
    """Returns the text without a speaker label at its start and without marks of sounds."""
    while label := _LABEL.match(text):
        text = text[label.end() :]
    return " ".join(_SOUND.sub(" ", text).split())


def _fit(sentence: str, max_tokens: int, count: Callable[[str], int]) -> list[str]:
    """Returns the sentence in parts that fit, halved between words or inside one endless word."""
    if not sentence:
        return []
    if count(sentence) <= max_tokens:
        return [sentence]
    words = sentence.split()
    if len(words) > 1:
        halves = (" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :]))
    else:
        halves = (sentence[: len(sentence) // 2], sentence[len(sentence) // 2 :])
    return [part for half in halves for part in _fit(half, max_tokens, count)]


def _join(sentences: list[Sentence]) -> Chunk:
    start = min((s.start_s for s in sentences if s.start_s is not None), default=None)
    end = max((s.end_s for s in sentences if s.end_s is not None), default=None)
    if start is not None and end is not None and end < start:
        end = None  # a publisher's cue that ends before it begins
    # Tokenizers split at spaces, so tokens of the text are the sum of those of its sentences.
    tokens = sum(s.token_count for s in sentences)
    return Chunk(" ".join(s.text for s in sentences), tokens, start, end)
