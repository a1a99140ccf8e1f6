"""The elements of a feed: its head, and one item at a time, each parsed by itself. Pure.

The text is cut at the tags of items before it is parsed. So an item that is broken, deep or huge
costs no other item, and only one item's tree is in memory.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import islice
from typing import TypeAlias

from lxml import etree

from podrec_assets.content.feeds.safe_xml import FeedText
from podrec_assets.errors import UnusableInputError

MOST_ITEMS = 50_000
MOST_CHARACTERS, MOST_TAGS = 4_000_000, 100_000
"""Largest item and largest head of a feed."""
MOST_NAMESPACES = 32
"""Each item is parsed with the namespaces of the feed, so their number is a factor of the cost."""
Element: TypeAlias = etree._Element
_FAMILIES = (
    ("podcastindex", "podcast:"),
    ("podcast-namespace", "podcast:"),
    ("itunes.com/dtds", "itunes:"),
    ("mrss", "media:"),
    ("rss/1.0/modules/content", "content:"),
    ("purl.org/dc/", "dc:"),
    ("rdf-syntax", "rdf:"),
    ("w3.org/2005/atom", ""),
    ("purl.org/atom", ""),
    ("purl.org/rss/1.0", ""),
    ("rss2", ""),
    ("netscape.com/rdf", ""),
    ("my.netscape.com", ""),
)
"""Part of a namespace's address, in any of its spellings, and the prefix used here for it."""
_CORE_PREFIXES = ("rss:", "atom:", "a10:")
_PREFIX = re.compile(r"xmlns(?::([\w.-]{1,40}))?\s*=\s*(?:\"([^\"<>]{0,300})\"|'([^'<>]{0,300})')")
_GLUED = re.compile(r"(=\s*(?:\"[^\"<>]*\"|'[^'<>]*'))(?=[A-Za-z_:][\w:.-]*\s*=)")
"""Two attributes without a space between them."""
_QUOTELESS = re.compile(r"(\s[\w:.-]+\s*=\s*)([^\s\"'<>=]*[^\s\"'<>=/])(?=\s|/?>)")
_LEAVES = {
    "title", "guid", "link", "pubDate", "description", "enclosure", "itunes:title",
    "itunes:duration", "itunes:summary", "content:encoded",
}  # fmt: skip
"""Tags of an item that contain no tag of the feed."""
_TAG = re.compile(r"<(/?)([A-Za-z_][\w:.-]*)[^<>]*?(/?)>")


@dataclass(frozen=True)
class FeedElement:
    """One parsed piece of a feed.

    Attributes:
        root: holds the piece; None if it is larger than the limits.
        text: the piece itself.
        damage: why it is no well-formed XML; None if it is.
        is_cut: it has no end tag.
    """

    root: Element | None
    text: str
    damage: str | None
    is_cut: bool = False


def feed_elements(feed: FeedText, feed_url: str) -> Iterator[FeedElement]:
    """Yields the head of a feed, then its items in order.

    The head is everything that is no item.

    Raises:
        UnusableInputError: reason too_complex.
    """
    spans = list(_item_spans(feed.text))
    if len(spans) > MOST_ITEMS:
        raise UnusableInputError(
            "too_complex",
            f"{feed_url} has more than {MOST_ITEMS} items; ask its publisher for a paged feed.",
        )
    at, head = 0, []
    for start, end, _ in spans:
        head.append(feed.text[at:start])
        at = end
    head.append(feed.text[at:])
    namespaces = _namespaces(head[0])
    first = _parsed("".join(head), {}, False)
    if first.root is None:
        limit = f"{MOST_CHARACTERS} characters or {MOST_TAGS} tags"
        raise UnusableInputError(
            "too_complex", f"{feed_url} has more than {limit} outside of its items."
        )
    yield first
    for start, end, is_cut in spans:
        # A tag that was cut off would have half an address.
        whole = feed.text.rfind(">", start, end) + 1 if is_cut else end
        yield _parsed(feed.text[start:whole], namespaces, is_cut)


@lru_cache(maxsize=4096)
def tag_name(tag: str) -> str:
    """Returns the lower-case name of a tag as everybody writes it, e.g. itunes:title.

    Names of RSS and Atom have no prefix. A prefix that the feed does not declare counts as written.
    """
    uri, _, local = tag.rpartition("}")
    name = local.lower()
    if not uri:
        prefix, _, rest = name.rpartition(":")
        return rest if f"{prefix}:" in _CORE_PREFIXES else name
    lowered = uri.lower()
    return next((f"{p}{name}" for part, p in _FAMILIES if part in lowered), f"other:{name}")


def inner_text(element: Element) -> str:
    """Returns the text of an element; elements inside it stay as markup."""
    if not len(element):
        return element.text or ""
    inside = (etree.tostring(child, encoding="unicode") for child in element)
    return escape(element.text or "", quote=False) + "".join(inside)


def _item_spans(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yields (start, end, has no end tag) of each item; an item ends where the next one begins."""
    root = re.match(r"<((?:[\w.-]+:)?)", text)
    prefixes = "|".join(re.escape(p) for p in {"", root[1] if root else "", *_CORE_PREFIXES})
    start: int | None = None
    for tag in re.finditer(rf"<(/?)(?:{prefixes})(?:item|entry)(?=[\s/>])", text, re.I):
        end = text.find(">", tag.end()) + 1
        if not end:
            break
        is_closing, is_empty = bool(tag[1]), text[end - 2] == "/"
        if start is not None:
            yield start, end if is_closing else tag.start(), not is_closing
            start = None
        if not is_closing and is_empty:
            yield tag.start(), end, False
        elif not is_closing:
            start = tag.start()
    if start is not None:
        yield start, len(text), True


def _namespaces(head: str) -> dict[str, str]:
    """Returns the namespaces that a feed declares before its first item, by prefix."""
    declared = islice(_PREFIX.finditer(head), MOST_NAMESPACES)
    return {m[1] or "": m[2] or m[3] or "" for m in declared}


def _parsed(text: str, namespaces: dict[str, str], is_cut: bool) -> FeedElement:
    if len(text) > MOST_CHARACTERS or text.count("<") > MOST_TAGS:
        return FeedElement(None, text, None, is_cut)
    root, damage = _parse(text, namespaces)
    damage = "an item never ends" if is_cut else damage
    if damage:
        root, _ = _parse("".join(_balanced(text)), namespaces)
    return FeedElement(root, text, damage, is_cut)


def _balanced(text: str) -> Iterator[str]:
    """Yields the text with an end tag for each tag, where the tag around it ends, and no other.

    The parser itself closes whatever is open at an end tag of any name, and gives up at an
    attribute without quotes.
    """
    names: list[str] = []
    open_count: Counter[str] = Counter()
    at = 0
    for tag in _TAG.finditer(text):
        is_closing, name, is_empty = tag.groups()
        yield text[at : tag.start()]
        at = tag.end()
        if is_closing and not open_count[name]:
            continue
        # Of a leaf that never ends, the next leaf is no part.
        unclosed = next(filter(open_count.__getitem__, _LEAVES), None) if name in _LEAVES else None
        if ending := name if is_closing else unclosed:
            yield from _end_tags(names, open_count, ending)
        if not is_closing:
            yield _QUOTELESS.sub(r'\1"\2"', _GLUED.sub(r"\1 ", tag[0]))
        if not (is_closing or is_empty):
            names.append(name)
            open_count[name] += 1
    yield text[at:]
    yield from (f"</{name}>" for name in reversed(names))


def _end_tags(names: list[str], open_count: Counter[str], last: str) -> Iterator[str]:
    """Yields end tags of open elements, the innermost first, up to that of `last`."""
    while True:
        name = names.pop()
        open_count[name] -= 1
        yield f"</{name}>"
        if name == last:
            return


def _parse(text: str, namespaces: dict[str, str]) -> tuple[Element, str | None]:
    """Returns the tree of a piece under a root of its own, and its first error."""
    declared = "".join(
        f' xmlns{":" if prefix else ""}{prefix}="{escape(uri)}"'
        for prefix, uri in namespaces.items()
        if uri and prefix not in ("xml", "xmlns")
    )
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True, collect_ids=False, encoding="utf-8",
    )  # fmt: skip
    root = etree.fromstring(f"<piece{declared}>{text}</piece>".encode(), parser)
    error = next((e for e in parser.error_log if e.level >= etree.ErrorLevels.ERROR), None)
    return root, error.message if error else None
