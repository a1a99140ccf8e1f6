"""What counts as a word: one place for the patterns that count, compare and search words. Pure."""

import math
import re
import sys
import unicodedata
from itertools import groupby

WIDE = r"[\u3040-\u30ff\u3400-\u9fff]"
"""One character of a script without spaces: kana and CJK ideographs."""
TERM = rf"(?u){WIDE}|(?:(?!{WIDE})\w){{2,}}"
"""A term of TF-IDF and search: two letters or more, or one WIDE character."""
_CJK = (
    "\u3005-\u3007\u3040-\u30fa\u30fc-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_SOUTH_EAST = "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u1980-\u19ff\ua9e0-\uaa7f"
"""Thai, Lao, Tibetan, Burmese, Khmer and their extensions."""
CJK_PER_WORD, SOUTH_EAST_PER_WORD = 2, 5
"""Characters of a word, on average, in scripts that write without blanks."""


def _marks() -> str:
    """Returns the combining characters and joiners, which are parts of a word, as regex ranges."""
    codes = [c for c in range(sys.maxunicode >> 4) if unicodedata.category(chr(c)) in ("Mn", "Mc")]
    groups = (list(g) for _, g in groupby(enumerate(codes), lambda pair: pair[1] - pair[0]))
    return "\u200c\u200d" + "".join(f"{chr(g[0][1])}-{chr(g[-1][1])}" for g in groups)


_LETTERS = rf"[^\W_]+(?:[{_marks()}]+[^\W_]*)*"
_SPOKEN = rf"{_LETTERS}(?:['\u2019]{_LETTERS})*"
_TERM, _SPOKEN_WORD = re.compile(TERM), re.compile(_SPOKEN)
_SPOKEN_OR_WIDE = re.compile(rf"{WIDE}|{_SPOKEN}")
_CJK_CHARACTER, _SOUTH_EAST_CHARACTER = re.compile(f"[{_CJK}]"), re.compile(f"[{_SOUTH_EAST}]")
_UNSPACED = re.compile(f"[{_CJK}{_SOUTH_EAST}]")


def terms(text: str) -> list[str]:
    """Returns the lower-case terms of a text, as TF-IDF counts them."""
    return _TERM.findall(text.lower())


def spoken_words(text: str) -> list[str]:
    """Returns the lower-case words of a text; "don't" is one word, with either apostrophe."""
    return [w.replace("\u2019", "'") for w in _SPOKEN_WORD.findall(text.lower())]


def comparable_words(text: str) -> list[str]:
    """Returns the lower-case words of a text, with each WIDE character as a word of its own."""
    return _SPOKEN_OR_WIDE.findall(text.lower())


def word_count(text: str) -> int:
    """Returns the number of words, estimated by characters where a script writes no blanks."""
    spaced, unspaced_words = _apart(text)
    if not unspaced_words:
        return len(text.split())
    return len(_SPOKEN_WORD.findall(spaced)) + math.ceil(unspaced_words)


def is_unspaced(character: str) -> bool:
    """Whether a character is of a script that writes no blanks between words."""
    return _UNSPACED.match(character) is not None


def loop_units(text: str) -> tuple[list[str], int]:
    """Returns (what a loop is searched in, how many of these make a word).

    These are words, or characters where more of the text is in a script without blanks.
    """
    spaced, unspaced_words = _apart(text)
    if unspaced_words <= len(_SPOKEN_WORD.findall(spaced)):
        return spoken_words(text), 1
    characters = [c for c in text.lower() if c.isalnum() or is_unspaced(c)]
    return characters, max(2, round(len(characters) / word_count(text)))


def _apart(text: str) -> tuple[str, float]:
    """Returns (the text without unspaced scripts, words of those scripts)."""
    rest, cjk = _CJK_CHARACTER.subn(" ", text)
    rest, south_east = _SOUTH_EAST_CHARACTER.subn(" ", rest)
    return rest, cjk / CJK_PER_WORD + south_east / SOUTH_EAST_PER_WORD
