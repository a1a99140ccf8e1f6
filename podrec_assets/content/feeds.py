"""RSS feeds (2.0, iTunes and podcast namespaces) to announcements. Pure: bytes in, dataclasses out.

feedparser reads what feeds have in common and forgives what they get wrong; the podcast namespace, whose tags repeat, is read
from the XML tree beside it.
"""

import calendar
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
import feedparser
from defusedxml.common import DefusedXmlException

from podrec_assets.content import identity
from podrec_assets.errors import PermanentError

PODCAST = re.compile(r"^\{https?://(podcastindex\.org/namespace/1\.0|github\.com/Podcastindex-org/podcast-namespace/.*)\}(\w+)$")


class FeedError(PermanentError):
    """A whole feed cannot be used; `reason` is the code for its dead letter."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Announcement:
    """One episode as a feed announces it; fields as the columns of EPISODES."""

    episode_id: str
    show_id: str
    show_title: str
    title: str
    description: str
    guid: str | None
    feed_url: str
    link: str | None
    image_url: str | None
    published_at: datetime | None
    duration_s: float | None
    language: str | None
    season: int | None
    episode_number: int | None
    is_serial: bool
    audio_url: str | None
    audio_type: str | None
    audio_bytes: int | None
    transcripts: list[dict] = field(default_factory=list)
    content_hash: str = ""


@dataclass(frozen=True)
class Problem:
    """An item that cannot be used: unique key, reason code, sentence, raw bytes."""

    source_key: str
    reason: str
    detail: str
    payload: bytes | None = None


@dataclass(frozen=True)
class Feed:
    """A parsed feed."""

    show_title: str
    episodes: list[Announcement]
    problems: list[Problem]


def parse_feed(body: bytes, feed_url: str) -> Feed:
    """The announcements of a feed, one for each distinct item, in the feed's order.

    Raises:
        FeedError: empty, not a feed (a PDF, a web page), hostile XML, or a feed without items.
    """
    from podrec_assets.content.announcements import content_hash

    if not body.strip():
        raise FeedError("empty_body", f"{feed_url} sent nothing.")
    items = _podcast_tags(body, feed_url)
    parsed = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
    if not parsed.version and not parsed.entries:
        raise FeedError("not_a_feed", f"{feed_url} is not an RSS or Atom feed.")
    if not parsed.entries:
        raise FeedError("no_items", f"{feed_url} is a feed without any item.")
    channel, problems, found = parsed.feed, [], {}
    show = identity.show_id(items[0].get("guid"), feed_url)
    for index, entry in enumerate(parsed.entries):
        tags = items[index + 1] if len(items) == len(parsed.entries) + 1 else {}
        announced = _announcement(entry, channel, feed_url, show, tags)
        if not announced.title and not announced.audio_url:
            key = f"{feed_url}#{announced.guid or index}"
            problems.append(Problem(key, "item_without_title_and_audio", f"item {index} of {feed_url} has neither title nor audio"))
            continue
        announced = _told_apart(announced, found)
        found.setdefault(announced.episode_id, announced)
    hashed = [Announcement(**{**vars(a), "content_hash": content_hash(a)}) for a in found.values()]
    return Feed(str(channel.get("title", "")).strip() or feed_url, hashed, problems)


def _told_apart(announced: Announcement, found: dict[str, Announcement]) -> Announcement:
    """The announcement, under an id of its own if its guid is one that another episode of this feed bears already."""
    earlier = found.get(announced.episode_id)
    if earlier is None or _same_audio(earlier, announced):
        return announced
    other = identity.episode_id(announced.show_id, f"{announced.guid} {announced.audio_url}", None, None, announced.title)
    return Announcement(**{**vars(announced), "episode_id": other})


def _same_audio(one: Announcement, other: Announcement) -> bool:
    return identity.normalised(one.audio_url or "") == identity.normalised(other.audio_url or "")


def _announcement(entry: feedparser.FeedParserDict, channel: feedparser.FeedParserDict, feed_url: str, show: str, tags: dict) -> Announcement:
    enclosure = next((e for e in entry.get("enclosures", []) if e.get("href")), {})
    guid, link, title = entry.get("id") or None, entry.get("link") or None, plain_text(entry.get("title", ""))
    audio_url = enclosure.get("href") or None
    stamp = entry.get("published_parsed") or entry.get("updated_parsed")
    image = (entry.get("image") or {}).get("href") or (channel.get("image") or {}).get("href")
    return Announcement(
        episode_id=identity.episode_id(show, guid, audio_url, link, title), show_id=show,
        show_title=plain_text(channel.get("title", "")) or feed_url, title=title or (audio_url or ""),
        description=plain_text(entry.get("summary", ""))[:20_000], guid=guid, feed_url=feed_url, link=link, image_url=image or None,
        published_at=_moment(stamp), duration_s=parse_duration(entry.get("itunes_duration")),
        language=primary_subtag(entry.get("language") or channel.get("language")), season=_integer(entry.get("itunes_season")),
        episode_number=_integer(entry.get("itunes_episode")), is_serial=str(channel.get("itunes_type", "")).lower() == "serial",
        audio_url=audio_url, audio_type=enclosure.get("type") or None, audio_bytes=_integer(enclosure.get("length"), 2**63),
        transcripts=tags.get("transcripts", []),
    )


def _podcast_tags(body: bytes, feed_url: str) -> list[dict]:
    """Podcast-namespace tags: of the channel, then of each item. Empty dicts where the XML is not well-formed."""
    try:
        root = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except DefusedXmlException as err:
        raise FeedError("hostile_xml", f"{feed_url} declares a DOCTYPE or entities, which no feed needs.") from err
    except (ParseError, ValueError, LookupError):
        # Real feeds are often not well-formed; feedparser still reads them, without the podcast namespace.
        if b"<!DOCTYPE" in body[:2000].upper() or b"<!ENTITY" in body.upper():
            raise FeedError("not_a_feed", f"{feed_url} is not an RSS or Atom feed.") from None
        return [{}]
    channel = root.find("channel")
    if channel is None:
        return [{}]
    return [_tags(channel), *(_tags(item) for item in channel.findall("item"))]


def _tags(parent: Element) -> dict:
    links, guid = [], None
    for child in parent:
        match = PODCAST.match(child.tag) if isinstance(child.tag, str) else None
        if match and match.group(2) == "transcript" and child.get("url"):
            links.append({"url": child.get("url"), "type": child.get("type"), "language": child.get("language"), "rel": child.get("rel")})
        elif match and match.group(2) == "guid" and child.text:
            guid = child.text
    return {"transcripts": links, "guid": guid}


def parse_duration(value: object) -> float | None:
    """Seconds of an itunes:duration: seconds, MM:SS or HH:MM:SS; None for anything else."""
    try:
        parts = [float(p) for p in str(value).strip().split(":")]
    except ValueError:
        return None
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + part
    return seconds if len(parts) <= 3 and 0 < seconds < 360_000 else None


def primary_subtag(value: object) -> str | None:
    """en for en-US: the language without region, lower case."""
    found = re.match(r"[A-Za-z]{2,3}(?=$|[-_])", str(value or "").strip())
    return found.group(0).lower() if found else None


def _moment(stamp: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(calendar.timegm(stamp), UTC) if stamp else None  # type: ignore[arg-type]
    except (ValueError, OverflowError, TypeError):
        return None


def _integer(value: object, limit: int = 2**31) -> int | None:
    found = re.fullmatch(r"\s*(\d{1,18})\s*", str(value)) if value is not None else None
    return int(found.group(1)) if found and int(found.group(1)) < limit else None


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.hidden += tag in ("script", "style")
        self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style") and self.hidden > 0
        self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)


def plain_text(html: str) -> str:
    """Text of HTML: no tags, no scripts, single spaces."""
    reader = _Text()
    reader.feed(html or "")
    reader.close()
    return " ".join(unescape("".join(reader.parts)).split())
