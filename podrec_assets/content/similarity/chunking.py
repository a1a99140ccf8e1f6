"""Transcripts to chunks of at most so many tokens, on sentence bounds where there are some, each
with its time span. Pure.
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
    r"[\[(](?:music|laugh(?:s|ter|ing)?(?: out loud)?|applause|crosstalk|inaudible|silence|cheering|unintelligible)[\])]|[♪♫]+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sentence:
    """A sentence, or a part of one that is too long for a chunk: text, its tokens, and its
    segment's span in seconds.
    """

    text: str
    token_count: int
    start_s: float | None
    end_s: float | None


@dataclass(frozen=True)
class Chunk:
    """A run of sentences: text, its tokens, and the seconds it spans (null in untimed transcripts)."""

    text: str
    token_count: int
    start_s: float | None
    end_s: float | None


def sentences(segments: list[dict], max_tokens: int, count: Callable[[str], int]) -> list[Sentence]:
    """Sentences of the segments in order, without speaker labels and marks like [laughter]; none is
    longer than max_tokens.

    Args:
        segments: {start_s, end_s, text} in order.
        max_tokens: a longer sentence is cut between words.
        count: number of tokens of a text.
    """
    found = []
    for segment in segments:
        for sentence in SENTENCE_END.split(spoken(segment["text"])):
            for part in _parts(sentence.strip(), max_tokens, count):
                if tokens := count(
                    part
                ):  # a mark that the tokenizer does not know, alone, is no sentence
                    found.append(Sentence(part, tokens, segment["start_s"], segment["end_s"]))
    return found


def chunks(sentences: Iterable[Sentence], max_tokens: int) -> list[Chunk]:
    """Chunks that hold every sentence, in order, as many in each as fit."""
    found: list[Chunk] = []
    held: list[Sentence] = []
    size = 0
    for sentence in sentences:
        if held and size + sentence.token_count > max_tokens:
            found.append(_joined(held))
            held, size = [], 0
        held.append(sentence)
        size += sentence.token_count
    return [*found, _joined(held)] if held else found


def spoken(text: str) -> str:
    """What is said: the text without a speaker's label at its beginning and without marks of
    sounds.
    """
    while label := _LABEL.match(text):
        text = text[label.end() :]
    return " ".join(_SOUND.sub(" ", text).split())


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


def _joined(sentences: list[Sentence]) -> Chunk:
    starts = [s.start_s for s in sentences if s.start_s is not None]
    ends = [s.end_s for s in sentences if s.end_s is not None]
    start, end = min(starts, default=None), max(ends, default=None)
    if start is not None and end is not None and end < start:
        end = None  # a publisher's cue that ends before it begins
    # Tokenizers split at spaces, so the tokens of a text are those of its sentences together.
    tokens = sum(s.token_count for s in sentences)
    return Chunk(" ".join(s.text for s in sentences), tokens, start, end)
