"""What counts as a word: one place for the patterns that count, compare and search words. Pure."""

import re

WIDE = r"[\u3040-\u30ff\u3400-\u9fff]"
"""One character of a script without spaces: kana and CJK ideographs."""
TERM = rf"(?u){WIDE}|(?:(?!{WIDE})\w){{2,}}"
"""A term of TF-IDF and search: two letters or more, or one WIDE character."""
_SPOKEN = r"[^\W_]+(?:['\u2019][^\W_]+)*"
_TERM, _SPOKEN_WORD = re.compile(TERM), re.compile(_SPOKEN)
_SPOKEN_OR_WIDE = re.compile(rf"{WIDE}|{_SPOKEN}")


def terms(text: str) -> list[str]:
    """Returns the lower-case terms of a text, as TF-IDF counts them."""
    return _TERM.findall(text.lower())


def spoken_words(text: str) -> list[str]:
    """Returns the lower-case words of a text; "don't" is one word, with either apostrophe."""
    return [w.replace("\u2019", "'") for w in _SPOKEN_WORD.findall(text.lower())]


def comparable_words(text: str) -> list[str]:
    """Returns the lower-case words of a text, with each WIDE character as a word of its own."""
    return _SPOKEN_OR_WIDE.findall(text.lower())
