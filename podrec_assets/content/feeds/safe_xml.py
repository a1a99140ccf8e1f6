"""Untrusted XML: refuses what is no feed, unsafe or too large before anything else reads it."""

import re
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from podrec_assets.errors import UnusableInputError

HEAD_BYTES = 65536
MOST_ELEMENTS, MOST_ATTRIBUTES = 150_000, 200
"""Most elements of a feed and attributes of an element.

feedparser takes about 0.2 ms an element, and quadratic time for attributes.
"""
# Possessive and atomic: a head of many comments or spaces must not be tried in every split.
_HTML = re.compile(rb"^(?>\s+|<\?xml[^>]*\?>|<!--.*?-->)*+<(!doctype\s+html|html)\b", re.I | re.S)


def feed_tree(body: bytes, feed_url: str) -> tuple[Element | None, str | None]:
    """Returns (the feed's tree, None), or (None, the damage) for XML that is readable in parts.

    Raises:
        UnusableInputError: reason empty_feed, not_a_feed, unsafe_xml or too_complex.
    """
    root, damage = _parse(body, feed_url)
    _refuse_too_complex(root, body, feed_url)
    return root, damage


def _parse(body: bytes, feed_url: str) -> tuple[Element | None, str | None]:
    head = body[:HEAD_BYTES]
    if not body.strip():
        raise UnusableInputError("empty_feed", f"{feed_url} is empty.")
    if head.lstrip().startswith(b"%PDF"):
        raise UnusableInputError("not_a_feed", f"{feed_url} is a PDF, not a feed.")
    if _HTML.search(head.lstrip(b"\xef\xbb\xbf")):
        raise UnusableInputError(
            "not_a_feed", f"{feed_url} is a web page, not a feed; look for its RSS address."
        )
    try:
        return defusedxml.ElementTree.fromstring(body, forbid_dtd=True), None
    except DefusedXmlException as err:
        raise UnusableInputError(
            "unsafe_xml", f"{feed_url} declares a DOCTYPE or entities, which are not read."
        ) from err
    except (ParseError, ValueError, LookupError) as err:
        flat = head.replace(b"\0", b"").lower()
        if b"<!doctype" in flat or b"<!entity" in flat:
            raise UnusableInputError(
                "unsafe_xml", f"{feed_url} declares a DOCTYPE or entities, which are not read."
            ) from err
        if not any(tag in flat for tag in (b"<rss", b"<feed", b"<rdf")):
            raise UnusableInputError("not_a_feed", f"{feed_url} is neither RSS nor Atom.") from err
        return None, f"The XML is damaged ({err}); what could be read was kept."


def _refuse_too_complex(root: Element | None, body: bytes, feed_url: str) -> None:
    """Raises UnusableInputError for a feed that would take minutes, e.g. one of a million items."""
    if root is None:
        is_too_complex = body.count(b"<") + body.count(b"&") > 2 * MOST_ELEMENTS
    else:
        attribute_counts = [len(element.attrib) for element in root.iter()]
        is_too_complex = (
            len(attribute_counts) > MOST_ELEMENTS or max(attribute_counts) > MOST_ATTRIBUTES
        )
    if is_too_complex:
        most = f"{MOST_ELEMENTS} elements or {MOST_ATTRIBUTES} attributes of one"
        raise UnusableInputError(
            "too_complex", f"{feed_url} has more than {most}; ask its publisher for a shorter feed."
        )
