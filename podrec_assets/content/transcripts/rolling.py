"""Captions that roll: a cue repeats the last lines of the one before and adds to them. Pure."""

from itertools import accumulate, pairwise

from podrec_assets.content.words import is_unspaced

MIN_SHARE = 0.4
"""A file rolls where this share of its cues repeats, and MIN_DISTINCT different lines do."""
MIN_DISTINCT = 2
MAX_LINES = 12
"""Lines of a cue that are compared; captions show two or three."""

Line = tuple[str | None, str]
"""(voice, words)"""


def without_repeats(cues: list[list[Line]]) -> list[list[Line]]:
    """Returns the cues, each line once where the file rolls; else the cues as they are.

    A line said twice, such as "No." and "No.", is speech in a file that does not roll.
    """
    repeats = [0] * len(cues)
    repeats[1:] = (_repeated(before, cue) for before, cue in pairwise(cues))
    texts = {_joined(cue)[:n] for cue, n in zip(cues, repeats, strict=True) if n}
    count = sum(n > 0 for n in repeats)
    if len(texts) < MIN_DISTINCT or count < MIN_SHARE * (len(cues) - 1):
        return cues
    return [_without_first(cue, n) for cue, n in zip(cues, repeats, strict=True)]


def _repeated(before: list[Line], cue: list[Line]) -> int:
    """Returns how many characters of a cue repeat the last lines of the one before."""
    text = _joined(cue)
    last_lines = accumulate(
        (words for _, words in reversed(before[-MAX_LINES:])), lambda tail, line: f"{line} {tail}"
    )
    longest = 0
    for tail in last_lines:
        follows = text[len(tail) : len(tail) + 1]
        if text.startswith(tail) and (not follows.isalnum() or is_unspaced(follows)):
            longest = len(tail)
    return longest


def _without_first(cue: list[Line], count: int) -> list[Line]:
    """Returns the cue without the first characters of its joined lines."""
    lines = []
    for voice, words in cue:
        rest = words[count:].strip()
        count = max(0, count - len(words) - 1)
        if rest:
            lines.append((voice, rest))
    return lines


def _joined(cue: list[Line]) -> str:
    return " ".join(words for _, words in cue)
