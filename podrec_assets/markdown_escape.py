"""What strangers wrote, for places that render Markdown: shown as it is written, and nothing comes
of it. Pure.
"""

import re

JOINER = "\u2060"
"""Word joiner: nothing to see, and no longer the pattern that a renderer looks for."""
_CODE = re.compile(r"((?<!`)`(?!`)[^`]+(?<!`)`(?!`))")
_MARKUP = re.compile(r"[\\\[\]<>$*~|&]|(?<![^\W_])_|_(?![^\W_])")
_BEGIN = re.compile(r"^(?:(?=[#+=-])|(\d+)(?=[.)]))")
# GitHub's Markdown makes links of bare addresses, and Streamlit pictures of :names:, in the text
# that is left after escapes.
_ADDRESS = re.compile(r"(https?|www)(?=[:.])|(@)(?=[\w-])", re.IGNORECASE)
_NAME = re.compile(r":(?=[^\W\d]|[+-])|(?<!\d):(?=\d+:)")


def inert(text: str | None) -> str:
    """Markdown in one line that shows the text: no link, address, image, markup, formula or emoji
    comes of it.

    What stands between two single backticks stays code, in which nothing else has a meaning; so
    commands can be copied.
    """
    parts = _CODE.split(" ".join((text or "").split()))
    found = "".join(part if place % 2 else _escaped(part) for place, part in enumerate(parts))
    return _BEGIN.sub(r"\1\\", found)


def _escaped(text: str) -> str:
    text = _MARKUP.sub(r"\\\g<0>", text)
    return _NAME.sub(f":{JOINER}", _ADDRESS.sub(rf"\g<0>{JOINER}", text))
