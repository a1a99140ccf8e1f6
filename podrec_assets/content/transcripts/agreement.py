"""Whether a transcript is what is said in the audio, judged on samples of it. Pure.

Publishers link the wrong file, or times of a recording without its advertisements.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from statistics import median
from typing import Literal

from podrec_assets.content.words import comparable_words

Verdict = Literal["agrees", "shifted", "differs", "unsure"]
LEAST_RUN = 3
"""Shorter runs of the same words occur in any two texts of a language."""
AGREES_SHARE, DIFFERS_SHARE = 0.5, 0.2
"""Share of heard words in such runs.

The small English Whisper model gives .8 to 1 on the right transcript of clear speech, and under .05
on that of another episode of the show.
"""
FEWEST_WORDS = 30
"""Fewer heard words, as in music, prove nothing."""
LARGEST_SHIFT_S = 3.0
Word = tuple[str, float | None]
"""A word and its time in seconds, if known."""


@dataclass(frozen=True)
class Sample:
    """What was heard in a part of the audio.

    Attributes:
        start_s: where the part begins in the file.
        segments: {start_s, end_s, text}, in seconds from the start of the part.
    """

    start_s: float
    segments: list[dict]


@dataclass(frozen=True)
class Heard:
    """One sample compared with the transcript.

    Attributes:
        start_s: where the sample begins in the audio.
        word_count: words heard.
        found_count: of these, words that the transcript has in the same runs.
        shift_s: median of time in the transcript minus time in the audio; None where either has no
            times or nothing was found.
    """

    start_s: float
    word_count: int
    found_count: int
    shift_s: float | None


@dataclass(frozen=True)
class Agreement:
    """The verdict, and the samples that it rests on."""

    verdict: Verdict
    samples: list[Heard]

    @property
    def found_share(self) -> float:
        """Share of the heard words that the transcript has; 0 if none were heard."""
        words = sum(s.word_count for s in self.samples)
        return sum(s.found_count for s in self.samples) / words if words else 0.0

    @property
    def shift_s(self) -> float | None:
        """The largest shift of a sample, in either direction."""
        shifts = [s.shift_s for s in self.samples if s.shift_s is not None]
        return max(shifts, key=abs, default=None)


def agreement(transcript: Sequence[dict], samples: Sequence[Sample]) -> Agreement:
    """Compares a transcript with samples of the audio.

    Args:
        transcript: {start_s, end_s, text} in order; times may be None.
        samples: parts of the audio, transcribed.
    """
    written = timed_words(transcript)
    found = Agreement("unsure", [_compare(written, sample) for sample in samples])
    words = sum(s.word_count for s in found.samples)
    return Agreement(_verdict(found, words), found.samples)


def _verdict(found: Agreement, words: int) -> Verdict:
    if words < FEWEST_WORDS:
        return "unsure"
    if found.found_share < DIFFERS_SHARE:
        return "differs"
    if found.found_share < AGREES_SHARE:
        return "unsure"
    return "shifted" if abs(found.shift_s or 0.0) > LARGEST_SHIFT_S else "agrees"


def timed_words(segments: Sequence[dict], start_s: float = 0.0) -> list[Word]:
    """Returns the words of segments; each is given its share of its segment's time."""
    words: list[Word] = []
    for segment in segments:
        texts, begin, end = comparable_words(segment["text"]), segment["start_s"], segment["end_s"]
        if begin is None or end is None:
            words += [(text, None) for text in texts]
        else:
            step = (end - begin) / max(1, len(texts))
            words += [(text, start_s + begin + n * step) for n, text in enumerate(texts)]
    return words


def _compare(written: list[Word], sample: Sample) -> Heard:
    heard = timed_words(sample.segments, sample.start_s)
    texts = [text for text, _ in written], [text for text, _ in heard]
    matcher = SequenceMatcher(None, *texts, autojunk=False)
    runs = [run for run in matcher.get_matching_blocks() if run.size >= LEAST_RUN]
    pairs = [(written[run.a + n][1], heard[run.b + n][1]) for run in runs for n in range(run.size)]
    shifts = [there - here for there, here in pairs if there is not None and here is not None]
    shift_s = round(median(shifts), 1) if shifts else None
    return Heard(sample.start_s, len(heard), len(pairs), shift_s)
