"""One item of a feed, as its XML element, to an announcement. Pure."""

from dataclasses import dataclass

from podrec_assets.content.feeds.dates import feed_time
from podrec_assets.content.feeds.enclosures import Enclosure, best_enclosure
from podrec_assets.content.feeds.episode_message import MAX_DESCRIPTION, Announcement
from podrec_assets.content.feeds.feed_elements import Element, inner_text, tag_name
from podrec_assets.content.feeds.feed_values import (
    duration_seconds,
    http_address,
    joined_address,
    primary_subtag,
    whole_number,
)
from podrec_assets.content.feeds.ids import episode_id
from podrec_assets.content.feeds.safe_xml import repaired_references
from podrec_assets.content.html_text import clean, plain_text
from podrec_assets.redaction import without_credentials

UNTITLED = "Untitled episode"
_INT32 = 2**31
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_TITLES = ("title", "itunes:title", "media:title", "dc:title")
_DESCRIPTIONS = ("content:encoded", "content", "description", "summary", "dc:description")
_SHORT_DESCRIPTIONS = ("itunes:summary", "itunes:subtitle", "subtitle", "media:description")
_DATES = (
    "pubdate", "published", "issued", "dc:date", "dc:issued", "created", "dc:created", "updated",
    "modified", "dc:modified",
)  # fmt: skip
"""Tags that say when an item was published, then those that say when it changed."""


@dataclass(frozen=True)
class FeedShow:
    """A show as its channel describes it; language is the primary subtag."""

    show_id: str
    title: str | None
    language: str | None
    image_url: str | None
    link: str | None
    is_serial: bool


class Tags:
    """The elements directly inside an element, by name, in order."""

    def __init__(self, element: Element, base: str, is_damaged: bool = False) -> None:
        """Reads an element.

        Args:
            element: the item or channel.
            base: what relative addresses in it are joined to, before its own xml:base.
            is_damaged: end tags are missing, so tags may be deeper than they belong.
        """
        self.base = joined_address(element.get(_XML_BASE), base) or base
        self.about = element.get(_RDF_ABOUT) or ""
        self.by_name: dict[str, list[Element]] = {}
        inside = element.iter() if is_damaged else element
        for child in inside:
            if child is not element and isinstance(child.tag, str):
                self.by_name.setdefault(tag_name(child.tag), []).append(child)

    def all(self, *names: str) -> list[Element]:
        """Returns the elements of some names, by name."""
        return [element for name in names for element in self.by_name.get(name, ())]

    def text(self, *names: str) -> str:
        """Returns the first text that is not empty, of the first name that has one."""
        texts = (inner_text(element).strip() for element in self.all(*names))
        return next(filter(None, texts), "")

    def address(self, element: Element, url: str | None) -> str | None:
        """Returns an http(s) address that an element contains."""
        return http_address(url, joined_address(element.get(_XML_BASE), self.base) or self.base)

    def link(self) -> str | None:
        """Returns the web page: the text of RSS, or else the address of Atom."""
        links = self.all("link")
        pages = [e for e in links if (e.get("rel") or "alternate").lower() == "alternate"]
        found = (self.address(e, (e.text or "").strip() or e.get("href")) for e in pages)
        return next(filter(None, found), None)

    def image(self) -> str | None:
        """Returns the artwork."""
        images = self.all("itunes:image", "image", "media:thumbnail", "logo", "icon")
        for element in images:
            inner = next((c.text for c in element if c.tag and str(c.tag).endswith("url")), None)
            url = element.get("href") or element.get("url") or inner or element.text
            if found := self.address(element, (url or "").strip()):
                return found
        return None


def to_announcement(tags: Tags, show: FeedShow, feed_url: str) -> Announcement | None:
    """Returns the announcement of one item; None for an item without identity."""
    audio = _enclosure(tags)
    audio_url = audio.url if audio else None
    guid, link, title = item_guid(tags), _page(tags), plain(tags.text(*_TITLES)) or None
    episode = episode_id(show.show_id, guid, audio_url, link, title)
    if episode is None:
        return None
    return Announcement(
        episode_id=episode,
        show_id=show.show_id,
        show_title=show.title,
        title=title or UNTITLED,
        description=_description(tags),
        guid=guid,
        feed_url=feed_url,
        link=link,
        image_url=tags.image() or show.image_url,
        published_at=next((at for e in tags.all(*_DATES) if (at := feed_time(e.text))), None),
        duration_s=duration_seconds(tags.text("itunes:duration")),
        language=show.language,
        season=whole_number(tags.text("itunes:season", "podcast:season"), _INT32),
        episode_number=whole_number(tags.text("itunes:episode", "podcast:episode"), _INT32),
        is_serial=show.is_serial,
        audio_url=audio_url,
        audio_type=clean(audio.kind).strip().lower() or None if audio else None,
        audio_bytes=whole_number(audio.length, 2**63) or None if audio else None,
        transcripts=_transcripts(tags),
    )


def item_guid(tags: Tags) -> str | None:
    """Returns the item's own identity, of RSS, Atom or RDF, if it has one."""
    return without_credentials(clean(tags.text("guid", "id") or tags.about).strip()) or None


def _page(tags: Tags) -> str | None:
    guids = (e for e in tags.all("guid") if (e.get("isPermaLink") or "true").lower() == "true")
    return tags.link() or next((u for e in guids if (u := http_address(e.text, ""))), None)


def plain(text: str) -> str:
    """Returns the text of HTML or plain text that a feed contains."""
    return plain_text(repaired_references(text))


def _description(tags: Tags) -> str | None:
    for names in (_DESCRIPTIONS, _SHORT_DESCRIPTIONS):
        texts = (plain(inner_text(element)) for element in tags.all(*names))
        if longest := max(texts, key=len, default=""):
            return longest[:MAX_DESCRIPTION].rstrip()
    return None


def _transcripts(tags: Tags) -> tuple[dict[str, str | None], ...]:
    """Returns the item's transcript links, each address once."""
    links: dict[str, dict[str, str | None]] = {}
    for tag in tags.all("podcast:transcript"):
        if url := tags.address(tag, tag.get("url")):
            kind, rel = (
                clean(tag.get(name) or "").strip().lower() or None for name in ("type", "rel")
            )
            language = primary_subtag(tag.get("language"))
            links.setdefault(url, {"url": url, "type": kind, "language": language, "rel": rel})
    return tuple(links.values())


def _enclosure(tags: Tags) -> Enclosure | None:
    """Returns the item's audio under its absolute address."""
    files = [(e, e.get("url"), e.get("length")) for e in tags.all("enclosure")]
    files += [
        (e, e.get("href"), e.get("length"))
        for e in tags.all("link")
        if (e.get("rel") or "").lower() == "enclosure"
    ]
    groups = (element for group in tags.all("media:group") for element in group.iter())
    media = [e for e in groups if isinstance(e.tag, str) and tag_name(e.tag) == "media:content"]
    files += [(e, e.get("url"), e.get("fileSize")) for e in (*tags.all("media:content"), *media)]
    return best_enclosure(
        [
            Enclosure(address, e.get("type") or "", length or "", e.get("medium") or "")
            for e, url, length in files
            if (address := tags.address(e, url))
        ]
    )
