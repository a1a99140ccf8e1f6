"""RSS and Atom bytes to announcements. One unusable item does not affect the others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from podrec_assets.content.feeds.episode_message import (
    MAX_MESSAGE_BYTES,
    Announcement,
    encode,
)
from podrec_assets.content.feeds.feed_elements import (
    MOST_CHARACTERS,
    MOST_TAGS,
    Element,
    FeedElement,
    feed_elements,
    tag_name,
)
from podrec_assets.content.feeds.feed_items import FeedShow, Tags, item_guid, plain, to_announcement
from podrec_assets.content.feeds.feed_values import http_address, joined_address, primary_subtag
from podrec_assets.content.feeds.ids import audio_key, reused_guid_id, show_id
from podrec_assets.content.feeds.safe_xml import FeedText, feed_text
from podrec_assets.errors import UnusableInputError

_XML_BASE, _XML_LANG = (f"{{http://www.w3.org/XML/1998/namespace}}{n}" for n in ("base", "lang"))


@dataclass(frozen=True)
class Problem:
    """Why one item of a feed, or the feed itself, cannot be used; becomes a dead letter.

    The payload is whole; the dead letter has its beginning, without credentials.
    """

    source_key: str
    reason: str
    detail: str
    payload: bytes = b""


@dataclass(frozen=True)
class Feed:
    """A show and its episodes, in the feed's order.

    Attributes:
        show_id, show_title, language, image_url, link: of the show; language is the primary subtag.
        episodes: usable items, each episode once.
        problems: the other items, and damage of the feed itself.
        new_url: where the publisher says that the feed has moved (itunes:new-feed-url).
        next_url: the next page of a paged feed (RFC 5005).
    """

    show_id: str
    show_title: str | None
    language: str | None
    image_url: str | None
    link: str | None
    episodes: list[Announcement] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    new_url: str | None = None
    next_url: str | None = None


def parse_feed(
    body: bytes,
    feed_url: str,
    base_url: str | None = None,
    content_type: str = "",
    is_late: Callable[[], bool] = lambda: False,
) -> Feed:
    """Returns the show and episodes of a feed.

    Time and memory are linear in the size of the body.

    Args:
        body: the bytes.
        feed_url: address under which the feed is followed; ids derive from it.
        base_url: address that answered, to which relative ones are joined; None for feed_url.
        content_type: header of the response.
        is_late: asked before each item whether the time for this feed is over.

    Raises:
        UnusableInputError: nothing in it can be used; reason not_a_feed, unsafe_xml, too_complex,
            too_slow or empty_feed.
    """
    text = feed_text(body, content_type, feed_url)
    pieces = feed_elements(text, feed_url)
    head = next(pieces)
    channel, tags = _channel(head, base_url or feed_url)
    show = _show(channel, tags, feed_url)
    items = _Items(show, tags.base, feed_url, [*text.damage, *filter(None, [head.damage])])
    for piece in pieces:
        if is_late():
            raise UnusableInputError(
                "too_slow", f"{feed_url} takes too long to read; PODREC_FEED_READ_S sets the limit."
            )
        items.add(piece)
    if not items.count:
        raise UnusableInputError("empty_feed", f"{feed_url} is a feed without episodes.")
    episodes, repeated = _unique_episodes(items.announcements)
    return Feed(
        show.show_id,
        show.title,
        show.language,
        show.image_url,
        show.link,
        episodes,
        [*_damage(items.damage, text, body, feed_url), *items.problems, *repeated],
        http_address(tags.text("itunes:new-feed-url"), tags.base),
        next(_links(tags, "next"), None),
    )


def with_pages(feed: Feed, pages: list[Feed], problems: list[Problem]) -> Feed:
    """Returns a feed with the episodes of its other pages, and what was wrong with the pages.

    An episode that moved to the next page while they were read is on both, and counts once.
    """
    every = [feed, *pages]
    episodes, _ = _unique_episodes([e for page in every for e in page.episodes])
    read = [problem for page in every for problem in page.problems]
    return replace(feed, episodes=episodes, problems=[*read, *problems])


@dataclass
class _Items:
    """The items of a feed that were read so far."""

    show: FeedShow
    base: str
    feed_url: str
    damage: list[str]
    count: int = 0
    announcements: list[Announcement] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, piece: FeedElement) -> None:
        """Reads one item; one that cannot be used becomes a problem."""
        self.count += 1
        if piece.damage and len(self.damage) < 3:
            self.damage.append(f"item {self.count}: {piece.damage}")
        if piece.root is None:
            limit = f"{MOST_CHARACTERS} characters or {MOST_TAGS} tags"
            return self._refuse(piece, "too_large", f"has more than {limit}")
        element = next((e for e in piece.root if isinstance(e.tag, str)), piece.root)
        tags = Tags(element, self.base, bool(piece.damage))
        if piece.is_cut and not item_guid(tags):
            return None  # half an item would get another id than the whole one
        announcement = to_announcement(tags, self.show, self.feed_url)
        if announcement is None:
            return self._refuse(piece, "no_identity", "has no guid, enclosure, link or title")
        if (size := len(encode(announcement))) > MAX_MESSAGE_BYTES:
            detail = f"makes a message of {size} bytes, more than {MAX_MESSAGE_BYTES}"
            return self._refuse(piece, "too_large", detail)
        return self.announcements.append(announcement)

    def _refuse(self, piece: FeedElement, reason: str, detail: str) -> None:
        key = f"{self.feed_url}#item-{self.count}"
        self.problems.append(
            Problem(key, reason, f"Item {self.count} {detail}.", piece.text.encode())
        )


def _damage(damage: list[str], text: FeedText, body: bytes, feed_url: str) -> list[Problem]:
    """Returns the one problem of a damaged feed, with the bytes that it begins with."""
    if not damage:
        return []
    detail = f"The XML is damaged ({'; '.join(damage)}); what could be read was kept."
    # Only the characters of UTF-16 show credentials to whoever removes them.
    return [
        Problem(feed_url, "malformed_xml", detail, text.text.encode() if b"\0" in body else body)
    ]


def _channel(head: FeedElement, base: str) -> tuple[Element, Tags]:
    """Returns the element that describes the show, and the tags in it."""
    root = head.root
    assert root is not None  # feed_elements refuses a head that is too large
    elements = [e for e in root.iter() if isinstance(e.tag, str)]
    channel = next((e for e in elements if tag_name(e.tag) in ("channel", "feed")), elements[-1])
    for ancestor in reversed(list(channel.iterancestors())):
        base = joined_address(ancestor.get(_XML_BASE), base) or base
    tags = Tags(channel, base)
    return channel, tags if tags.text("title") or not head.damage else Tags(channel, base, True)


def _show(channel: Element, tags: Tags, feed_url: str) -> FeedShow:
    langs = (e.get(_XML_LANG) for e in (channel, *channel.iterancestors()))
    return FeedShow(
        show_id(tags.text("podcast:guid"), feed_url),
        plain(tags.text("title", "itunes:title")) or None,
        primary_subtag(tags.text("language", "dc:language") or next(filter(None, langs), None)),
        tags.image(),
        tags.link(),
        tags.text("itunes:type").lower() == "serial",
    )


def _links(tags: Tags, rel: str) -> Iterator[str]:
    for element in tags.all("link"):
        url = tags.address(element, element.get("href"))
        if url and (element.get("rel") or "").strip().lower() == rel:
            yield url


def _unique_episodes(items: list[Announcement]) -> tuple[list[Announcement], list[Problem]]:
    """Returns (each episode once, in the feed's order; problems of repeated items).

    Items that share a guid but not the enclosure are different episodes: the oldest keeps the
    guid's id.
    """
    owners: dict[str, Announcement] = {}
    oldest_first = sorted(
        items,
        key=lambda a: (a.published_at or datetime.max.replace(tzinfo=UTC), audio_key(a.audio_url)),
    )
    for item in oldest_first:
        owners.setdefault(item.episode_id, item)
    unique: dict[str, Announcement] = {}
    repeated: list[Problem] = []
    for original in items:
        item = _with_own_id(original, owners[original.episode_id])
        if item.episode_id in unique:
            key = f"{item.feed_url}#{item.episode_id}-{len(repeated) + 1}"
            detail = (
                f"{item.title!r} repeats guid {item.guid!r} and its enclosure; "
                "the first such item of the feed counts."
            )
            repeated.append(Problem(key, "duplicate_item", detail))
        else:
            unique[item.episode_id] = item
    return list(unique.values()), repeated


def _with_own_id(item: Announcement, owner: Announcement) -> Announcement:
    """Returns the item, under another id where its guid belongs to another file."""
    if audio_key(item.audio_url) == audio_key(owner.audio_url):
        return item
    reused = reused_guid_id(item.show_id, item.guid or "", item.audio_url)
    return item.with_ids(reused, item.show_id)
