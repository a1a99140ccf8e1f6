"""Cuts timed words into segments: at the end of a sentence, at a pause, or after 15 s. Pure."""

from collections.abc import Iterable

SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！", "।", "؟")  # noqa: RUF001
PAUSE_S, LONGEST_S = 1.0, 15.0

Word = tuple[str, float, float]
"""Text, with the blank before it where the script has blanks; start and end in seconds."""


def split_words(words: Iterable[Word], confidence: float | None) -> list[dict]:
    """Returns segments with their words, as in PieceTranscript."""
    groups: list[list[Word]] = []
    for word in words:
        if groups and not _ends(groups[-1], word):
            groups[-1].append(word)
        else:
            groups.append([word])
    return [_segment(group, confidence) for group in groups]


def _ends(group: list[Word], word: Word) -> bool:
    """Whether a segment ends before a word."""
    text, _, end_s = group[-1]
    return (
        text.rstrip('"”’»)').endswith(SENTENCE_ENDS)  # noqa: RUF001
        or word[1] - end_s >= PAUSE_S
        or word[2] - group[0][1] > LONGEST_S
    )


def _segment(group: list[Word], confidence: float | None) -> dict:
    return {
        "start_s": group[0][1],
        "end_s": group[-1][2],
        "text": " ".join("".join(text for text, _, _ in group).split()),
        "confidence": confidence,
        "words": [
            {"start_s": start_s, "end_s": end_s, "text": text.strip()}
            for text, start_s, end_s in group
        ],
    }
