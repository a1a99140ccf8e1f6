"""Bytes of unknown encoding to text: BOM, header, declaration in the body, then detection. Pure.

Valid UTF-8 is recognised before any declaration, because no other encoding looks like it by
chance, while servers often declare ISO-8859-1 for everything.
"""

import codecs
import re
from collections.abc import Sequence

from charset_normalizer import from_bytes

REPLACEMENT = "\ufffd"
"""What a decoder writes for bytes that it cannot read."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""UTF-32 before UTF-16, whose mark it begins with."""
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
"""What is meant by a declared name, as browsers read it: the vendor's superset."""
_REFUSED = {"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "utf-7"}
"""Python codecs for text that are no charsets of documents; some take quadratic time."""
_BY_LANGUAGE = {
    **dict.fromkeys(("ru", "uk", "be", "bg"), ("cp1251", "koi8_r")),
    **dict.fromkeys(("sr", "mk"), ("cp1251", "cp1250")),
    **dict.fromkeys(("cs", "hr", "hu", "pl", "ro", "sk", "sl"), ("cp1250",)),
    **dict.fromkeys(("ar", "fa", "ur"), ("cp1256",)),
    "el": ("cp1253",),
    "tr": ("cp1254",),
    "he": ("cp1255",),
    "et": ("cp1257",),
    "lt": ("cp1257",),
    "lv": ("cp1257",),
    "vi": ("cp1258",),
    "th": ("cp874",),
    "ja": ("cp932", "euc_jp"),
    "ko": ("cp949",),
    "zh": ("gb18030", "big5"),
}
_WESTERN = ("cp1252",)
_ANY = (
    "cp1252", "cp1251", "koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949", "cp1253",
    "cp1255", "cp1256", "cp874",
)  # fmt: skip
"""Candidates without a known language. cp1250 is not one: Western text looks like it."""
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_DECLARED = re.compile(
    rb"<\?xml[^<>]{0,200}\bencoding\s*=\s*[\"']?([\w.:-]{1,40})"
    rb"|<meta\b[^<>]{0,200}\bcharset\s*=\s*[\"']?([\w.:-]{1,40})",
    re.IGNORECASE,
)
_DECLARATION_BYTES = 2048
_READABLE_SHARE = 0.9
"""Share of the characters beyond ASCII that must be readable in an encoding with damage."""


def decode(body: bytes, content_types: Sequence[str | None], language: str | None) -> str | None:
    """Returns the text of a body; None if its encoding cannot be told.

    Damaged places are U+FFFD, for the caller to report.

    Args:
        body: the bytes.
        content_types: Content-Type values whose `charset` counts, the most trusted first.
        language: primary subtag of the text, which narrows detection.
    """
    for mark, codec in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, errors="replace")
    if wide := _utf16_without_mark(body):
        return body.decode(wide, errors="replace")
    declared = _declared(body, content_types)
    if body.isascii():
        stateful = [c for c in (*declared, "iso2022_jp") if c.startswith(("iso2022", "hz"))]
        texts = (_strict(body, codec) for codec in stateful if b"\x1b" in body or b"~{" in body)
        return next((text for text in texts if text is not None), body.decode("ascii"))
    if (text := _damaged(body, "utf-8")) is not None:
        return text
    for attempt in (_strict, _damaged):
        for codec in declared:
            if (text := attempt(body, codec)) is not None:
                return text
    return _detected(body, language)


def _utf16_without_mark(body: bytes) -> str | None:
    """Returns the byte order of UTF-16 by its NULs: each character of a clock time has one."""
    even, odd = body[::2].count(0), body[1::2].count(0)
    if max(even, odd) * 10 <= len(body) or max(even, odd) < 4 * min(even, odd):
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _declared(body: bytes, content_types: Sequence[str | None]) -> list[str]:
    """Returns the declared codecs that Python knows, the most trusted first."""
    names = [match[1] for t in content_types if (match := _CHARSET.search(t or ""))]
    if declaration := _DECLARED.search(body[:_DECLARATION_BYTES]):
        names.append((declaration[1] or declaration[2]).decode("ascii", errors="ignore"))
    found = []
    for name in names:
        try:
            codec = codecs.lookup(name).name
        except LookupError:
            continue
        if codec not in _REFUSED:
            found.append(_SUPERSETS.get(codec, codec))
    return found


def _strict(body: bytes, codec: str) -> str | None:
    try:
        return body.decode(codec)
    except (UnicodeError, LookupError):  # LookupError: a codec that is not for text
        return None


def _damaged(body: bytes, codec: str) -> str | None:
    """Returns the text with U+FFFD at its few unreadable places; None if there are many."""
    try:
        text = body.decode(codec, errors="replace")
    except (UnicodeError, LookupError):
        return None
    beyond = len(text) - len(text.encode("ascii", errors="ignore"))
    return text if text.count(REPLACEMENT) <= (1 - _READABLE_SHARE) * beyond else None


def _detected(body: bytes, language: str | None) -> str | None:
    """Returns the text in the likeliest encoding, of the language where one of its own fits."""
    own = _BY_LANGUAGE.get(language, _WESTERN) if language else ()
    for candidates in (own, _ANY):
        if candidates and (best := from_bytes(body, cp_isolation=list(candidates)).best()):
            return _strict(body, best.encoding)
    return None
