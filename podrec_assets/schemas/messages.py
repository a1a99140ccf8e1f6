"""What the messages of both topics have in common: bounded JSON in UTF-8, and the rule of ids.

Anybody may write to a topic. Every bound is a number here, so that a message is read alike by both
engines, whatever the depth of the stack, the environment or the version of Python.
"""

import json
import re
from typing import Any

from podrec_assets.errors import UnusableInputError
from podrec_assets.visible_text import HIDDEN

MAX_DEPTH = 100
"""Most arrays and objects inside each other; the parser recurses once for each."""
MAX_DIGITS = 1000
"""Most digits of a whole number; reading one takes time that grows with their square."""
MAX_ID_LENGTH = 256
# Separators, and the characters that Unicode displays as nothing.
_BLANK = re.compile(
    "[ \u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u202f"
    "\u205f-\u2064\u206a-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]*"
)
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def id_problem(value: str) -> str | None:
    """Says what keeps a text from being an id; None for any printable text of people."""
    if _BLANK.fullmatch(value):
        return "is empty"
    if len(value) > MAX_ID_LENGTH:
        return f"is longer than {MAX_ID_LENGTH} characters"
    # Fixed code points: str.isprintable follows the Unicode version of Python, and refuses the
    # joiners of emoji and of Persian names.
    if found := HIDDEN.search(value):
        return f"contains U+{ord(found[0]):04X}, which is a control character and not text"
    return None


def decode_json(value: bytes, takes_nan: bool = False) -> Any:
    """Returns the JSON document in a message; a number beyond every double is infinite.

    Args:
        value: the message.
        takes_nan: whether NaN and Infinity are read, though they are not JSON.

    Raises:
        UnusableInputError: reason not_utf8, not_json or too_deep.
    """
    try:
        text = value.decode()
    except UnicodeDecodeError as err:
        raise UnusableInputError("not_utf8", f"byte {err.start} is not UTF-8") from err
    return parse_json(text, takes_nan)


def parse_json(text: str, takes_nan: bool = False, max_depth: int = MAX_DEPTH) -> Any:
    """As `decode_json`, for text."""
    if text.startswith("\ufeff"):
        raise UnusableInputError("not_json", "it begins with a byte order mark")
    _check_depth(text, max_depth)
    try:
        return (_LENIENT if takes_nan else _STRICT).decode(text)
    except ValueError as err:
        raise UnusableInputError("not_json", str(err)) from err


def text_of(value: bytes) -> str:
    """Returns the text of JSON in any Unicode encoding, with or without a byte order mark.

    Raises:
        UnusableInputError: reason not_json.
    """
    try:
        return value.decode(json.detect_encoding(value), "surrogatepass")
    except UnicodeDecodeError as err:
        raise UnusableInputError("not_json", str(err)) from err


def check_storable(message: dict[str, Any]) -> None:
    """Checks that every field can be stored as Unicode text and written as JSON again.

    Raises:
        UnusableInputError: reason bad_text or bad_number; names the field.
    """
    for name, value in message.items():
        try:
            json.dumps({name: value}, ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError as err:
            raise UnusableInputError(
                "bad_text",
                f"{name[:80]!r} contains half a surrogate pair, which is not text",
            ) from err
        except ValueError as err:
            raise UnusableInputError(
                "bad_number", f"{name[:80]!r} contains a number too large for any column"
            ) from err


def may_hold_half_pairs(value: bytes) -> bool:
    """Whether JSON in UTF-8 can contain half a surrogate pair: only as an escape."""
    return b"\\ud" in value or b"\\uD" in value


def _check_depth(text: str, max_depth: int) -> None:
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        deepest = max(deepest, depth)
    if deepest > max_depth:
        if depth:
            raise UnusableInputError("not_json", "its brackets do not match")
        raise UnusableInputError(
            "too_deep", f"{deepest} arrays and objects are inside each other, more than {max_depth}"
        )


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has {len(digits)} digits, more than {MAX_DIGITS}")
    return int(digits)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


# json.loads with these arguments would build a decoder for every message.
_LENIENT = json.JSONDecoder(parse_int=_integer)
_STRICT = json.JSONDecoder(parse_int=_integer, parse_constant=_refuse_constant)
