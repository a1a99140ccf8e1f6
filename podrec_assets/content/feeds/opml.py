"""OPML, the list of subscriptions that every podcast app exports: bytes to feed addresses."""

from xml.etree.ElementTree import ParseError

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from podrec_assets.content.feeds.ids import feed_key
from podrec_assets.errors import UnusableInputError


def feed_urls(body: bytes, name: str) -> list[str]:
    """Returns the feed addresses of an OPML document and its folders, each feed once, in order.

    Args:
        body: the document.
        name: of the document, for error messages.

    Raises:
        UnusableInputError: reason unsafe_xml, not_opml or empty_opml.
    """
    try:
        root = defusedxml.ElementTree.fromstring(body.strip())
    except DefusedXmlException as err:
        raise UnusableInputError(
            "unsafe_xml", f"{name} declares entities in a DOCTYPE, which are not read."
        ) from err
    except (ParseError, ValueError, LookupError) as err:
        raise UnusableInputError("not_opml", f"{name} is not OPML: {err}.") from err
    if root.tag.rpartition("}")[2].lower() != "opml":
        raise UnusableInputError("not_opml", f"{name} is XML, but not OPML.")
    urls: dict[str, str] = {}
    for outline in root.iter():
        # Applications disagree on the case of xmlUrl.
        url = next(
            (value.strip() for key, value in outline.attrib.items() if key.lower() == "xmlurl"), ""
        )
        if url:
            urls.setdefault(feed_key(url), url)
    if not urls:
        raise UnusableInputError("empty_opml", f"{name} is OPML without a feed.")
    return list(urls.values())
