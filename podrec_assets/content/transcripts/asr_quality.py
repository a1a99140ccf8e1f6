"""Signs that a transcript is not what was said: what engines make of music, silence, another
language or a broken file. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from podrec_assets.content.asr.contract import Recognition
from podrec_assets.content.transcripts.stopwords import FUNCTION_WORDS

LONGEST_LOOP = 12
"""Words of the longest phrase that is looked for in a loop."""
LOOP_TIMES, LOOP_WORDS, LOOP_SHARE = 4, 24, 0.15
"""A phrase said LOOP_TIMES in a row is a loop; one of LOOP_WORDS, or LOOP_SHARE of a text in loops,
is suspicious.
"""
MOST_WORDS_A_MINUTE, FEWEST_WORDS_A_MINUTE = 320, 10
MOST_SILENT_SHARE = 0.8
SHORTEST_JUDGED_S = 60.0
"""Of shorter audio, pace and silence say nothing."""
LEAST_CONFIDENCE, LEAST_CONFIDENCE_LOW_QUALITY = 0.37, 0.02
"""Whisper itself distrusts a mean log probability under -1, which is .37; pocketsphinx gives .04 to
.6 on clear speech.
"""
TRUNCATED_SHARE = 0.5
JUDGED_WORDS, FOREIGN_RATIO, FOREIGN_SHARE = 50, 2.0, 0.15
STOCK_SHARE = 0.5
STOCK_PHRASES = (
    "thanks for watching",
    "thank you for watching",
    "please subscribe",
    "subscribe to my channel",
    "subtitles by",
    "amara org",
    "untertitel",
    "sous titres",
    "subtítulos",
    "sottotitoli",
)
"""What Whisper writes over music and silence, for subtitles end so."""
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


@dataclass(frozen=True)
class Suspicion:
    """A sign: its code, and what was found in words."""

    code: str
    detail: str


def suspicions(
    found: Recognition, announced_s: float | None, language: str | None, is_low_quality: bool
) -> list[Suspicion]:
    """Signs in what an engine heard; none means that the transcript is used.

    Args:
        found: text with times.
        announced_s: length of the audio that the feed gives.
        language: primary subtag that the feed gives.
        is_low_quality: of the engine, whose confidence is judged more mildly.
    """
    spoken = words(found.text)
    signs = [
        _truncated(found.audio_s, announced_s),
        _repetition(spoken),
        *(_pace(found, len(spoken)) if found.audio_s >= SHORTEST_JUDGED_S else ()),
        _language(spoken, language),
        _stock(found.segments),
        _confidence(
            found.confidence, LEAST_CONFIDENCE_LOW_QUALITY if is_low_quality else LEAST_CONFIDENCE
        ),
    ]
    return [sign for sign in signs if sign]


def looped_words(spoken: Sequence[str]) -> tuple[int, int]:
    """(words inside loops, words of the longest loop), a loop being a phrase that is said
    LOOP_TIMES or more in a row.
    """
    numbers = {w: n for n, w in enumerate(dict.fromkeys(spoken))}
    text = np.array([numbers[w] for w in spoken])
    inside, longest = np.zeros(len(text), bool), 0
    for size in range(1, min(LONGEST_LOOP, len(text) // LOOP_TIMES) + 1):
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


def _repetition(spoken: list[str]) -> Suspicion | None:
    inside, longest = looped_words(spoken)
    if longest < LOOP_WORDS and inside < LOOP_SHARE * len(spoken):
        return None
    return Suspicion(
        "repetition",
        f"{inside} of {len(spoken)} words are phrases in a loop, the longest of {longest} words",
    )


def _pace(found: Recognition, count: int) -> list[Suspicion]:
    pace, covered = (
        count / found.audio_s * 60,
        sum(s["end_s"] - s["start_s"] for s in found.segments),
    )
    silent, signs = max(0.0, 1 - covered / found.audio_s), []
    if not FEWEST_WORDS_A_MINUTE <= pace <= MOST_WORDS_A_MINUTE:
        signs.append(Suspicion("words_a_minute", f"{pace:.0f} words a minute"))
    if silent > MOST_SILENT_SHARE:
        signs.append(Suspicion("silence", f"{silent:.0%} of the audio is without words"))
    return signs


def _language(spoken: list[str], language: str | None) -> Suspicion | None:
    if len(spoken) < JUDGED_WORDS or language not in FUNCTION_WORDS:
        return None
    shares = {
        name: sum(w in known for w in spoken) / len(spoken)
        for name, known in FUNCTION_WORDS.items()
    }
    likely = max(shares, key=shares.__getitem__)
    if shares[likely] < FOREIGN_SHARE or shares[likely] < FOREIGN_RATIO * shares[language]:
        return None
    return Suspicion("language_mismatch", f"the words look like {likely}, the feed says {language}")


def _stock(segments: list[dict]) -> Suspicion | None:
    stock = sum(
        any(phrase in " ".join(words(s["text"])) for phrase in STOCK_PHRASES) for s in segments
    )
    if not segments or stock < STOCK_SHARE * len(segments):
        return None
    return Suspicion(
        "stock_phrases",
        f"{stock} of {len(segments)} segments are phrases that engines make up over music",
    )


def _confidence(confidence: float | None, least: float) -> Suspicion | None:
    if confidence is None or confidence >= least:
        return None
    return Suspicion(
        "low_confidence", f"the engine's mean confidence is {confidence:.2f}, under {least}"
    )


def words(text: str) -> list[str]:
    """Lower-case words of a text; an apostrophe inside a word belongs to it."""
    return [w.replace("\u2019", "'") for w in _WORD.findall(text.lower())]
