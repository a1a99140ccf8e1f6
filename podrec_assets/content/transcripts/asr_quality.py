"""Signs that a transcript is not what was said. Pure.

Engines make up text from music, silence, another language or a broken file.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from podrec_assets.content.asr.contract import Recognition
from podrec_assets.content.transcripts.stock_phrases import has_stock_phrase
from podrec_assets.content.transcripts.stopwords import STOPWORDS
from podrec_assets.content.words import loop_units, spoken_words, word_count

LONGEST_LOOP = 12
"""Longest phrase, in words, that is searched for in a loop."""
LONGEST_LOOP_CHARACTERS = 60
"""The same in characters, for scripts without blanks."""
LOOP_TIMES, LOOP_WORDS, LOOP_SHARE = 4, 24, 0.15
"""A phrase said LOOP_TIMES in a row is a loop.

A text is suspicious with a loop of LOOP_WORDS, or with LOOP_SHARE of its words in loops.
"""
MOST_WORDS_A_MINUTE, FEWEST_WORDS_A_MINUTE = 320, 10
MOST_SILENT_SHARE = 0.8
SHORTEST_JUDGED_S = 60.0
"""Pace and silence are not judged in shorter audio."""
LEAST_CONFIDENCE = 0.37
"""Whisper itself distrusts a mean log probability under -1, which is .37."""
TRUNCATED_SHARE = 0.5
JUDGED_WORDS, FOREIGN_RATIO, FOREIGN_SHARE = 50, 2.0, 0.15
STOCK_SHARE = 0.5


@dataclass(frozen=True)
class Suspicion:
    """One sign: its code and a description of the finding."""

    code: str
    detail: str


def suspicions(
    recognition: Recognition, announced_s: float | None, language: str | None
) -> list[Suspicion]:
    """Returns the signs in an ASR result; without any, the transcript is used.

    Args:
        recognition: text with times.
        announced_s: length of the audio according to the feed.
        language: primary subtag according to the feed.
    """
    words = spoken_words(recognition.text)
    is_long = recognition.audio_s >= SHORTEST_JUDGED_S
    signs = [
        _truncated(recognition.audio_s, announced_s),
        _repetition(recognition.text),
        *(_pace(recognition) if is_long else ()),
        _language(words, language),
        _stock(recognition.segments),
        _confidence(recognition.confidence),
    ]
    return [sign for sign in signs if sign]


def looped_words(words: Sequence[str], longest_phrase: int = LONGEST_LOOP) -> tuple[int, int]:
    """Returns (words inside loops, words of the longest loop).

    A loop is a phrase of at most `longest_phrase` words that is said LOOP_TIMES or more in a row.
    """
    numbers = {w: n for n, w in enumerate(dict.fromkeys(words))}
    text = np.array([numbers[w] for w in words])
    inside, longest = np.zeros(len(text), bool), 0
    for size in range(1, min(longest_phrase, len(text) // LOOP_TIMES) + 1):
        same = np.concatenate([[False], text[size:] == text[:-size], [False]])
        edges = np.flatnonzero(same[1:] != same[:-1])
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            if last - first >= size * (LOOP_TIMES - 1):
                inside[first : last + size] = True
                longest = max(longest, int(last - first) + size)
    return int(inside.sum()), longest


def _truncated(audio_s: float, announced_s: float | None) -> Suspicion | None:
    if not announced_s or audio_s >= announced_s * TRUNCATED_SHARE:
        return None
    return Suspicion(
        "truncated_audio", f"the audio lasts {audio_s:.0f} s, the feed says {announced_s:.0f}"
    )


def _repetition(text: str) -> Suspicion | None:
    units, per_word = loop_units(text)
    longest_phrase = LONGEST_LOOP if per_word == 1 else LONGEST_LOOP_CHARACTERS
    inside, longest = looped_words(units, longest_phrase)
    if longest < LOOP_WORDS * per_word and inside < LOOP_SHARE * len(units):
        return None
    noun = "words" if per_word == 1 else "characters"
    return Suspicion(
        "repetition",
        f"{inside} of {len(units)} {noun} are phrases in a loop, the longest of {longest} {noun}",
    )


def _pace(recognition: Recognition) -> list[Suspicion]:
    words_a_minute = word_count(recognition.text) / recognition.audio_s * 60
    covered_s = sum(s["end_s"] - s["start_s"] for s in recognition.segments)
    silent_share = max(0.0, 1 - covered_s / recognition.audio_s)
    signs = []
    if not FEWEST_WORDS_A_MINUTE <= words_a_minute <= MOST_WORDS_A_MINUTE:
        signs.append(Suspicion("words_a_minute", f"{words_a_minute:.0f} words a minute"))
    if silent_share > MOST_SILENT_SHARE:
        signs.append(Suspicion("silence", f"{silent_share:.0%} of the audio is without words"))
    return signs


def _language(words: list[str], language: str | None) -> Suspicion | None:
    if len(words) < JUDGED_WORDS or language not in STOPWORDS:
        return None
    shares = {
        name: sum(w in known for w in words) / len(words) for name, known in STOPWORDS.items()
    }
    likely = max(shares, key=shares.__getitem__)
    if shares[likely] < FOREIGN_SHARE or shares[likely] < FOREIGN_RATIO * shares[language]:
        return None
    return Suspicion("language_mismatch", f"the words look like {likely}, the feed says {language}")


def _stock(segments: list[dict]) -> Suspicion | None:
    count = sum(has_stock_phrase(s["text"]) for s in segments)
    if not segments or count < STOCK_SHARE * len(segments):
        return None
    return Suspicion(
        "stock_phrases",
        f"{count} of {len(segments)} segments are phrases that engines make up over music",
    )


def _confidence(confidence: float | None) -> Suspicion | None:
    if confidence is None or confidence >= LEAST_CONFIDENCE:
        return None
    return Suspicion(
        "low_confidence",
        f"the engine's mean confidence is {confidence:.2f}, under {LEAST_CONFIDENCE}",
    )
