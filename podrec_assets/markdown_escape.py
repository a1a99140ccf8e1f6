"""Escapes untrusted text for places that render Markdown, so that it is shown verbatim. Pure."""

import re

from podrec_assets.visible_text import visible

JOINER = "\u2060"
"""Word joiner: invisible, and breaks the patterns that renderers match."""
_CODE = re.compile(r"((?<!`)`(?!`)[^`]+(?<!`)`(?!`))")
_MARKUP = re.compile(r"[\\\[\]<>$*~|&]|(?<![^\W_])_|_(?![^\W_])")
_BEGIN = re.compile(r"^(?:(?=[#+=-])|(\d+)(?=[.)]))")
# Escaping does not stop GitHub's Markdown from linking bare addresses, nor Streamlit from replacing
# :names: with icons.
_ADDRESS = re.compile(r"(https?|www)(?=[:.])|(@)(?=[\w-])", re.IGNORECASE)
_NAME = re.compile(r":(?=[^\W\d]|[+-])|(?<!\d):(?=\d+:)")


def escape_markdown(text: str | None) -> str:
    """Returns one line of Markdown that shows the text without links, images, markup or emoji.

    Text between two single backticks stays code, so that commands can be copied.
    """
    parts = _CODE.split(visible(" ".join((text or "").split())))
    escaped = "".join(part if n % 2 else _escaped(part) for n, part in enumerate(parts))
    return _BEGIN.sub(r"\1\\", escaped)


def _escaped(text: str) -> str:
    text = _MARKUP.sub(r"\\\g<0>", text)
    return _NAME.sub(f":{JOINER}", _ADDRESS.sub(rf"\g<0>{JOINER}", text))
