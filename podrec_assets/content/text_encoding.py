"""Bytes of untrusted text to characters: byte order mark, declared charset, UTF-8, detection. Pure.

Nothing becomes U+FFFD: a byte that no charset explains is read as windows-1252, as browsers do.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SUPERSETS = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874",
    "tis-620": "cp874", "gb2312": "gb18030", "gbk": "gb18030", "hz": "gb18030",
    "euc_kr": "cp949", "shift_jis": "cp932", "big5": "big5hkscs",
}  # fmt: skip
"""What the web means by a charset: the encoding standard's supersets."""
_MULTI_BYTE = {"gb18030", "cp949", "cp932", "big5hkscs", "big5", "euc_jp", "iso2022_jp"}
_SINGLE_BYTE = re.compile(r"(cp\d+|iso8859-\d+|koi8-[rtu]|mac-\w+|ptcp154|kz1048)")
_BY_LANGUAGE = {
    **dict.fromkeys(("ru", "uk", "be", "bg", "sr", "mk"), ("cp1251", "koi8_r", "iso8859_5")),
    **dict.fromkeys(("pl", "cs", "sk", "hu", "sl", "hr", "ro"), ("cp1250", "iso8859_2")),
    **dict.fromkeys(("et", "lv", "lt"), ("cp1257",)),
    "el": ("cp1253",), "tr": ("cp1254",), "he": ("cp1255",), "ar": ("cp1256",), "fa": ("cp1256",),
    "vi": ("cp1258",), "th": ("cp874",), "ja": ("cp932", "euc_jp"), "ko": ("cp949",),
    "zh": ("gb18030", "big5hkscs"),
    **dict.fromkeys(("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no"), ("cp1252",)),
}  # fmt: skip
"""Legacy charsets of a language; detection decides between several."""
_ANY_LANGUAGE = (
    "cp1252", "cp1251", "koi8_r", "cp932", "euc_jp", "gb18030", "big5hkscs", "cp949", "cp1253",
    "cp1255", "cp1256", "cp874",
)  # fmt: skip
"""Charsets of texts in an unknown language. cp1250 is not one: French text looks like it."""
_TAG = re.compile(rb"<[^<>]*>")
_JAPANESE_ESCAPE = re.compile(rb"\x1b\$[@B]")
_IDEOGRAPH = re.compile("[\u4e00-\u9fff]")
_ALPHABETS = "[\u0370-\u06ff\u0e00-\u0e7f]"
_FOREIGN_LETTER = re.compile(r"[^\W\d_A-Za-z]")
_GARBLED = re.compile(
    # Half in another alphabet.
    f"[A-Za-z]{_ALPHABETS}|{_ALPHABETS}[A-Za-z]"
    # Another alphabet, or UTF-8, read as windows-1252.
    "|[\xa1-\xff\u0152-\u0192\u02c6\u02dc\u20ac\u2030]{3}|[\xc2\xc3][\xa1-\xbf]"
    # ISO 8859-2 read as windows-1250.
    "|[^\\W\\d_][\xa6\xb1\xb6]|[\xa6\xb1\xb6][^\\W\\d_]"
)
"""What a wrong charset makes of a word, and no language has."""
_HALF_PAIRS = re.compile(rb"(?:\xed[\xa0-\xbf][\x80-\xbf])+")
"""Surrogates of UTF-16 as if they were characters of UTF-8; some databases write emoji so."""
_STRAY = re.compile("[\udc80-\udcff]")
_AS_1252 = {
    0xDC00 + byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte)
    for byte in range(0x80, 0x100)
}
SAMPLE_BYTES = 32_768
"""Bytes that detection looks at; it takes about a second for a megabyte."""


@dataclass(frozen=True)
class DecodedText:
    """Text and how it was read.

    Attributes:
        text: the characters, without byte order marks.
        charset: name of the codec that read them.
        damage: what was wrong with the bytes or their declaration; None for nothing.
    """

    text: str
    charset: str
    damage: str | None = None


def header_charset(content_type: str) -> str | None:
    """Returns the charset parameter of a Content-Type header."""
    match = re.search(r"charset\s*=\s*[\"']?([\w.:+-]{1,40})", content_type[:500], re.I)
    return match[1] if match else None


def decode(
    body: bytes, declared: Iterable[str | None] = (), language: str | None = None
) -> DecodedText:
    """Returns the text of bytes.

    Valid UTF-8 comes before a declared charset, which would read nearly any bytes.

    Args:
        body: the bytes.
        declared: charsets that the sender named, the more authoritative ones first; None for none.
        language: primary subtag of the text's language, if known; helps detection.
    """
    names = [name for name in declared if name]
    for mark, charset in _MARKS:
        if body.startswith(mark):
            return _marked(body, mark, charset)
    if wide := _wide_charset(body):
        return _wide(body, wide)
    codecs_ = [codec for name in names if (codec := _codec(name))]
    unknown = next((name for name in names if not _codec(name)), None)
    damage = f"the declared charset {unknown!r} is not what it is" if unknown else None
    if body.isascii() and _JAPANESE_ESCAPE.search(body):
        codecs_.append("iso2022_jp")
    if "iso2022_jp" in codecs_ or not body.isascii():
        return _read(body, codecs_, language, damage)
    return DecodedText(body.decode("ascii"), "utf-8", damage)


def _read(
    body: bytes, declared: list[str], language: str | None, damage: str | None
) -> DecodedText:
    """Returns bytes as UTF-8, the first declared charset that gives words, or a detected one."""
    order = (*(c for c in declared if c == "iso2022_jp"), "utf-8", *declared)
    texts = {c: text for c in order if (text := _strict(body, c)) is not None}
    for charset, text in texts.items():
        if charset == "utf-8" or not _is_doubtful(charset, text, language):
            return DecodedText(text, charset, damage)
    detected = _detected(body, language)
    if texts and (detected.charset == "cp1252" or _is_garbled(detected.text)):
        charset, text = next(iter(texts.items()))
        return DecodedText(text, charset, damage)
    return detected


def _marked(body: bytes, mark: bytes, charset: str) -> DecodedText:
    rest = body[len(mark) :]
    if charset != "utf-8":
        return _wide(rest, charset)
    text = _strict(rest, charset)
    decoded = DecodedText(text, charset) if text is not None else _detected(rest, None)
    if decoded.text.startswith("\ufeff"):
        text = decoded.text.lstrip("\ufeff")
        return DecodedText(text, charset, "it has more than one byte order mark")
    return decoded


def _wide_charset(body: bytes) -> str | None:
    """Returns the charset of UTF-16 or UTF-32 without a mark: its ASCII letters have NUL bytes."""
    nul = "".join("0" if byte == 0 else "x" for byte in body[:4])
    wide = {"x000": "utf-32-le", "000x": "utf-32-be", "x0x0": "utf-16-le", "0x0x": "utf-16-be"}
    if nul in wide:
        return wide[nul]
    high, low = body[::2].count(0), body[1::2].count(0)
    if max(high, low) * 10 <= len(body) or max(high, low) < 4 * min(high, low):
        return None
    return "utf-16-be" if high > low else "utf-16-le"


def _wide(body: bytes, charset: str) -> DecodedText:
    text = body.decode(charset, "ignore").lstrip("\ufeff")
    is_whole = _strict(body, charset) is not None
    return DecodedText(text, charset, None if is_whole else f"some bytes are not {charset}")


def _codec(name: str) -> str | None:
    """Returns the codec of a declared charset of one or several bytes; None for any other name.

    UTF-16 and UTF-32 are recognised by their bytes alone: feeds that are UTF-8 declare them.
    """
    try:
        codec = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        return None
    codec = _SUPERSETS.get(codec, codec)
    is_text = codec == "utf-8" or codec in _MULTI_BYTE or _SINGLE_BYTE.fullmatch(codec)
    return codec if is_text else None


def _strict(body: bytes, charset: str) -> str | None:
    try:
        return body.decode(charset)
    except ValueError:
        return None


def _detected(body: bytes, language: str | None) -> DecodedText:
    """Returns bytes that no declared charset explains: UTF-8 with strays, or a detected charset."""
    text = _HALF_PAIRS.sub(_joined, body).decode("utf-8", "surrogateescape")
    stray_count = len(text) - len(_STRAY.sub("", text))
    if stray_count <= len(text) - len(text.encode("ascii", "ignore")) - stray_count:
        count = stray_count + sum(map(len, _HALF_PAIRS.findall(body)))
        return DecodedText(text.translate(_AS_1252), "utf-8", f"{count} of its bytes are not UTF-8")
    for charset in (*_likely(body, language), *_BY_LANGUAGE.get(language or "", ()), "cp1252"):
        if (found := _strict(body, charset)) is not None:
            return DecodedText(
                found, charset, f"it names no charset that reads it ({charset} does)"
            )
    return DecodedText(text.translate(_AS_1252), "cp1252", "its bytes are of no charset")


def _joined(halves: re.Match[bytes]) -> bytes:
    """Returns the characters that halves of surrogate pairs make together; a single one is none."""
    units = halves[0].decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "ignore").encode()


def _likely(body: bytes, language: str | None) -> Iterator[str]:
    """Yields the likeliest charset of the language, then of any; none that makes a mess of it."""
    words = (word for word in _TAG.sub(b" ", body).split() if not word.isascii())
    sample = b" ".join(words)
    end = sample.rfind(b" ", 0, SAMPLE_BYTES) if len(sample) > SAMPLE_BYTES else len(sample)
    for charsets in (_BY_LANGUAGE.get(language or "", ()), _ANY_LANGUAGE):
        if not charsets:
            continue
        matches = from_bytes(sample[:end], cp_isolation=list(charsets))
        names = [match.encoding for match in matches if not _is_garbled(str(match))]
        if names[:1] == ["cp949"] and "gb18030" in names and _IDEOGRAPH.search(str(matches[0])):
            names.remove("cp949")  # Korean is written in Hangul alone
        yield from names[:1]


def _is_doubtful(charset: str, text: str, language: str | None) -> bool:
    """Whether a declared charset is a wrong one; iso-8859-1 is what servers say by default."""
    usual = _BY_LANGUAGE.get(language or "", (charset,))
    return (charset == "cp1252" and charset not in usual) or _is_garbled(text)


def _is_garbled(text: str) -> bool:
    """Whether most words with letters outside of ASCII are words of no language."""
    words = list(filter(_FOREIGN_LETTER.search, text.split()))
    return sum(bool(_GARBLED.search(word)) for word in words) * 2 > len(words)
