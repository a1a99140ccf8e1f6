"""Bytes of a feed to XML text that a parser can read in parts: refused, decoded, repaired. Pure.

Feeds in the wild have bytes before and after the XML, HTML entities, bare ampersands, controls and
halves of surrogate pairs. All of it is repaired here in linear time, and reported as damage.
A document type never reaches the XML parser, so no DTD is fetched and no entity is expanded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from html.entities import html5

from podrec_assets.content.text_encoding import decode, header_charset
from podrec_assets.errors import UnusableInputError

_DECLARED = re.compile(rb"<\?xml[^<>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})", re.I)
_LANGUAGE = re.compile(rb"<language>\s*(?:<!\[CDATA\[)?\s*([a-zA-Z]{2,3})\b|\blang=[\"'](\w{2,3})")
_HEAD = 65536
"""Bytes or characters in which a declaration or a page is looked for."""
_ROOT = re.compile(r"<((?:[\w.-]+:)?(?:rss|feed|rdf|channel))(?=[\s/>])", re.I)
_HTML = re.compile(r"<(?:!doctype\s{1,9}html|html|head|body)\b", re.I)
_TYPE = re.compile(r"<!(?:doctype|entity)", re.I)
_DOCTYPE = re.compile(
    r"""<!doctype\b (?:[^][<>"'] | "[^"]*" | '[^']*')*+
    (?:\[ (?: \s | %[\w.-]+;
      | <!(?:element|attlist|notation)\b (?:[^<>"'] | "[^"]*" | '[^']*')*+ >
      | <!entity \s+ [\w.-]+ \s+ (["']) &(?:\#38;)?\# (?:\d{1,7} | x[0-9a-f]{1,6}); \1 \s* >
      | <!entity \s+ % \s+ [\w.-]+ \s+ public \s+
          (["'])-//W3C//ENTITIES\ [^"']*\2 \s+ (?:"[^"]*" | '[^']*') \s* >
    )*+ \] \s* )? >""",
    re.I | re.X,
)
"""A document type that can be ignored: its entities are single characters, as in HTML."""
_OPENERS = re.compile(r"<!\[CDATA\[|<!--|<\?")
_CLOSERS = {"<![CDATA[": "]]>", "<!--": "-->", "<?": "?>"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BARE = re.compile(r"&(?!(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});)", re.I)
_NO_TAG = re.compile(r"<(?![^\W\d]|[/!?:])")
_NAMED = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([a-zA-Z][a-zA-Z0-9]{1,31});")
_NUMBERED = re.compile(
    r"&#(?:0*(\d{1,7})(?!\d)|\d+|x0*([0-9a-f]{1,6})(?![0-9a-f])|x[0-9a-f]+);?", re.I
)
"""Of HTML too, which needs no semicolon; longer numbers are no characters."""
_HALVES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class FeedText:
    """The XML of a feed, from its root element on, without comments and CDATA sections.

    Attributes:
        text: repaired characters, all of which XML allows.
        damage: what was repaired or is missing, each kind once.
        is_cut: whether the root element never ends.
    """

    text: str
    damage: tuple[str, ...]
    is_cut: bool


def feed_text(body: bytes, content_type: str, feed_url: str) -> FeedText:
    """Returns the readable XML of a feed.

    Args:
        body: the bytes.
        content_type: header of the response, whose charset comes before that of the XML.
        feed_url: for error messages.

    Raises:
        UnusableInputError: reason empty_feed, not_a_feed or unsafe_xml.
    """
    if not body.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise UnusableInputError("empty_feed", f"{feed_url} is empty.")
    declared, language = _DECLARED.search(body[:2048]), _LANGUAGE.search(body[:_HEAD])
    decoded = decode(
        body,
        [header_charset(content_type), declared[1].decode() if declared else None],
        (language[1] or language[2]).decode().lower() if language else None,
    )
    damage = dict.fromkeys(filter(None, [decoded.damage]))
    text = "".join(_without_sections(decoded.text, damage))
    root = _ROOT.search(text)
    head, has_type = _without_type(text[: root.start()] if root else text[:_HEAD])
    _refuse(head, bool(root), feed_url)
    assert root is not None
    if head.strip():
        damage["there is text before the feed"] = None
    end = text.rfind(f"</{root[1]}")
    is_cut = end < root.end()
    after = "" if is_cut else text[end:].partition(">")[2]
    if is_cut:
        damage["it ends early"] = None
    elif after.strip():
        damage["there is text after the feed"] = None
    whole = text[root.start() : len(text) - len(after)]
    return FeedText(_repaired(whole, damage, has_type), tuple(damage), is_cut)


def repaired_references(text: str) -> str:
    """Returns a text with halves of surrogate pairs joined, and other impossible characters out.

    HTML would make U+FFFD of them.
    """
    return _joined(_NUMBERED.sub(_character, text)) if "&#" in text else text


def _without_type(head: str) -> tuple[str, bool]:
    """Returns the text before the root without a harmless document type, and whether it had one."""
    start = _TYPE.search(head)
    found = _DOCTYPE.match(head, start.start()) if start and not _HTML.search(head) else None
    return (head[: found.start()] + head[found.end() :], True) if found else (head, False)


def _refuse(head: str, has_root: bool, feed_url: str) -> None:
    """Raises UnusableInputError for what is no feed, by the text before its root."""
    if head.lstrip().startswith("%PDF"):
        raise UnusableInputError("not_a_feed", f"{feed_url} is a PDF, not a feed.")
    if _HTML.search(head):
        raise UnusableInputError(
            "not_a_feed", f"{feed_url} is a web page, not a feed; look for its RSS address."
        )
    if _TYPE.search(head):
        raise UnusableInputError(
            "unsafe_xml", f"{feed_url} declares entities in a DOCTYPE, which are not read."
        )
    if head.lstrip().startswith(("{", "[")) and (not has_root or "jsonfeed.org" in head):
        kind = "a JSON Feed" if "jsonfeed.org" in head else "JSON"
        raise UnusableInputError(
            "not_a_feed", f"{feed_url} is {kind}, which podrec does not read; use its RSS address."
        )
    if not has_root:
        raise UnusableInputError("not_a_feed", f"{feed_url} is neither RSS nor Atom.")


def _without_sections(text: str, damage: dict[str, None]) -> Iterator[str]:
    """Yields the text without comments and instructions, and with CDATA as escaped text."""
    at, unclosed = 0, set()
    while opener := _OPENERS.search(text, at):
        yield text[at : opener.start()]
        closer = _CLOSERS[opener[0]]
        # Searched once at most to the end of the text, or many openers would take quadratic time.
        end = -1 if closer in unclosed else text.find(closer, opener.end())
        if end < 0:
            unclosed.add(closer)
            damage[f"{opener[0]} never ends"] = None
            at = opener.end()
            continue
        if closer == "]]>":
            yield escape(text[opener.end() : end], quote=False)
        at = end + len(closer)
    yield text[at:]


def _repaired(text: str, damage: dict[str, None], has_type: bool) -> str:
    """Returns text that differs from XML in nothing but its tags.

    The entities of HTML are no damage in a feed with a document type, which may declare them.
    """
    text, count = _NOT_XML.subn("", text)
    if count:
        damage["it has characters that XML forbids"] = None
    text, count = _BARE.subn("&amp;", text)
    if count:
        damage["it has & that are not escaped"] = None
    text, count = _NO_TAG.subn("&lt;", text)
    if count:
        damage["it has < that are not escaped"] = None
    names = {f"{name};" for name in _NAMED.findall(text)}
    text = _NAMED.sub(_entity, text)
    if names - (html5.keys() if has_type else set()):
        damage["it has entities that XML does not know"] = None
    repaired = repaired_references(text)
    if repaired != text:
        damage["it has numbers of characters that do not exist"] = None
    return repaired


def _entity(match: re.Match[str]) -> str:
    characters = html5.get(f"{match[1]};")
    return f"&amp;{match[1]};" if characters is None else escape(characters, quote=True)


def _character(match: re.Match[str]) -> str:
    """Returns the reference of a character that XML allows, half a pair, or nothing."""
    code = int(match[1]) if match[1] else int(match[2] or "110000", 16)
    if code > 0x10FFFF:
        return ""
    if 0xD800 <= code < 0xE000:
        return chr(code)
    return "" if _NOT_XML.match(chr(code)) else match[0]


def _joined(text: str) -> str:
    """Returns the text with surrogate pairs as one character, and without single halves."""
    if not _HALVES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
