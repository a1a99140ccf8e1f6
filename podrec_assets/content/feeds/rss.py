"""RSS and Atom bytes to announcements. An item that cannot be used is a problem of its own and
takes no other item along.
"""

import io
import re
from calendar import timegm
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, tostring

import feedparser

from podrec_assets.content.feeds.episode_message import (
    MAX_DESCRIPTION,
    MAX_MESSAGE_BYTES,
    Announcement,
    encode,
)
from podrec_assets.content.feeds.ids import audio_key, episode_id, reused_guid_id, show_id
from podrec_assets.content.feeds.safe_xml import HEAD_BYTES, feed_tree
from podrec_assets.content.html_text import clean, plain_text
from podrec_assets.errors import UnusableInputError

UNTITLED = "Untitled episode"
_INT32 = 2**31


@dataclass(frozen=True)
class Problem:
    """What one item of a feed, or the feed itself, could not be used for; becomes a dead letter."""

    source_key: str
    reason: str
    detail: str
    payload: bytes = b""


@dataclass(frozen=True)
class Feed:
    """A show and its episodes in the feed's order.

    Attributes:
        show_id, show_title, language, image_url, link: of the show; language is the primary subtag.
        episodes: usable items, each episode once.
        problems: items that are not among `episodes`, and damage of the feed itself.
    """

    show_id: str
    show_title: str | None
    language: str | None
    image_url: str | None
    link: str | None
    episodes: list[Announcement] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def parse_feed(body: bytes, feed_url: str) -> Feed:
    """The show and episodes of a feed.

    Raises:
        UnusableInputError: nothing in it can be used: reason not_a_feed, unsafe_xml, too_complex or
            empty_feed.
    """
    # Blank lines before the declaration are common and harmless, but not XML; UTF-16 does not begin
    # like this.
    body = body.lstrip() if body.lstrip().startswith(b"<") else body
    root, damage = feed_tree(body, feed_url)
    # A byte stream, never the bytes or the address themselves: feedparser would open a path or URL
    # that they spell. What it would clean and join is read as plain text and joined here, at a
    # tenth of the time.
    parsed = feedparser.parse(
        io.BytesIO(body),
        response_headers={"content-type": "application/xml"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not parsed.version and not parsed.entries:
        raise UnusableInputError("not_a_feed", f"{feed_url} is XML, but neither RSS nor Atom.")
    if not parsed.entries:
        raise UnusableInputError("empty_feed", f"{feed_url} is a feed without episodes.")
    show = _show(root, parsed.feed, feed_url)
    elements = _items(root) if root is not None else []
    # feedparser keeps one of repeated tags, so transcripts are read from the tree, item by item.
    aligned = elements if len(elements) == len(parsed.entries) else [None] * len(parsed.entries)
    problems = [Problem(feed_url, "malformed_xml", damage, body[:HEAD_BYTES])] if damage else []
    found: list[Announcement] = []
    for number, (entry, element) in enumerate(zip(parsed.entries, aligned, strict=True)):
        announcement = _announcement(entry, element, show, feed_url)
        if announcement is None:
            detail = f"Item {number + 1} has no guid, enclosure, link or title."
            problems.append(
                Problem(f"{feed_url}#item-{number + 1}", "no_identity", detail, _payload(element))
            )
        elif (size := len(encode(announcement))) > MAX_MESSAGE_BYTES:
            detail = (
                f"Item {number + 1} makes a message of {size} bytes, more than {MAX_MESSAGE_BYTES}."
            )
            problems.append(
                Problem(f"{feed_url}#item-{number + 1}", "too_large", detail, _payload(element))
            )
        else:
            found.append(announcement)
    episodes, repeated = _told_apart(found)
    return Feed(
        show.show_id,
        show.title,
        show.language,
        show.image_url,
        show.link,
        episodes,
        problems + repeated,
    )


@dataclass(frozen=True)
class _Show:
    show_id: str
    title: str | None
    language: str | None
    image_url: str | None
    link: str | None
    is_serial: bool


def _show(root: Element | None, parsed: Any, feed_url: str) -> _Show:
    """What the channel says. Its own children come first, for feedparser lets a podcast:liveItem
    overwrite them.
    """
    channel = (
        next((e for e in root.iter() if _local(e) in ("channel", "feed")), None)
        if root is not None
        else None
    )
    children = list(channel) if channel is not None else []
    own = {_local(e): text for e in reversed(children) if (text := (e.text or "").strip())}
    guid = next((e.text for e in children if _local(e) == "guid" and _is_podcast(e)), None)
    images = (e.get("href") or e.findtext("url") for e in children if _local(e) == "image")
    image = (
        next(filter(None, images), None)
        or (parsed.get("image") or {}).get("href")
        or parsed.get("logo")
    )
    return _Show(
        show_id(guid or parsed.get("podcast_guid"), feed_url),
        plain_text(own.get("title") or parsed.get("title")) or None,
        primary_subtag(own.get("language") or parsed.get("language")),
        _address(image, feed_url),
        _address(own.get("link") or parsed.get("link"), feed_url),
        (own.get("type") or parsed.get("itunes_type") or "").lower() == "serial",
    )


def _announcement(
    entry: Any, element: Element | None, show: _Show, feed_url: str
) -> Announcement | None:
    """One item; None if nothing tells it from another."""
    audio = _enclosure(entry)
    audio_url = _address(audio.get("href"), feed_url)
    guid = clean(str(entry.get("id") or "")).strip() or None
    link, title = _address(entry.get("link"), feed_url), plain_text(entry.get("title")) or None
    episode = episode_id(show.show_id, guid, audio_url, link, title)
    if episode is None:
        return None
    texts = [c.get("value") for c in entry.get("content", ())] + [
        entry.get("summary"),
        entry.get("subtitle"),
    ]
    return Announcement(
        episode_id=episode,
        show_id=show.show_id,
        show_title=show.title,
        title=title or UNTITLED,
        description=max((plain_text(t) for t in texts), key=len)[:MAX_DESCRIPTION].rstrip() or None,
        guid=guid,
        feed_url=feed_url,
        link=link,
        image_url=_address((entry.get("image") or {}).get("href"), feed_url) or show.image_url,
        published_at=_time(entry),
        duration_s=seconds(entry.get("itunes_duration")),
        language=show.language,
        season=_whole(entry.get("itunes_season"), _INT32),
        episode_number=_whole(entry.get("itunes_episode"), _INT32),
        is_serial=show.is_serial,
        audio_url=audio_url,
        audio_type=clean(audio.get("type") or "").lower() or None,
        audio_bytes=_whole(audio.get("length"), 2**63) or None,
        transcripts=_transcripts(entry, element, feed_url),
    )


def _transcripts(
    entry: Any, element: Element | None, feed_url: str
) -> tuple[dict[str, str | None], ...]:
    tags: list[dict] = (
        [entry["podcast_transcript"]] if isinstance(entry.get("podcast_transcript"), dict) else []
    )
    if element is not None:
        tags = [dict(e.attrib) for e in element if _local(e) == "transcript" and _is_podcast(e)]
    links: dict[str, dict[str, str | None]] = {}
    for tag in tags:
        url = _address(tag.get("url"), feed_url)
        if url:
            kind, rel = (
                clean(tag.get(name) or "").strip().lower() or None for name in ("type", "rel")
            )
            links.setdefault(
                url,
                {
                    "url": url,
                    "type": kind,
                    "language": primary_subtag(tag.get("language")),
                    "rel": rel,
                },
            )
    return tuple(links.values())


def _told_apart(found: list[Announcement]) -> tuple[list[Announcement], list[Problem]]:
    """Each episode once, in the feed's order: a repeated item is a problem, a reused guid gets an
    id of its own.
    """
    owners: dict[str, Announcement] = {}
    oldest_first = sorted(
        found,
        key=lambda a: (a.published_at or datetime.max.replace(tzinfo=UTC), audio_key(a.audio_url)),
    )
    for a in oldest_first:
        owners.setdefault(a.episode_id, a)
    kept: dict[str, Announcement] = {}
    repeated: list[Problem] = []
    for a in found:
        if audio_key(a.audio_url) != audio_key(owners[a.episode_id].audio_url):
            a = a.known_as(reused_guid_id(a.show_id, a.guid or "", a.audio_url), a.show_id)
        if a.episode_id in kept:
            detail = f"{a.title!r} repeats guid {a.guid!r} and its enclosure; the first such item of the feed counts."
            repeated.append(
                Problem(
                    f"{a.feed_url}#{a.episode_id}-{len(repeated) + 1}", "duplicate_item", detail
                )
            )
        else:
            kept[a.episode_id] = a
    return list(kept.values()), repeated


def seconds(duration: object) -> float | None:
    """Seconds of an itunes:duration: '3600', '61.5', 'MM:SS' or 'HH:MM:SS'; None for anything else
    and for 0.
    """
    parts = str(duration or "").strip().split(":")
    if not 1 <= len(parts) <= 3 or not all(re.fullmatch(r"\d{1,7}(\.\d{1,9})?", p) for p in parts):
        return None
    total = 0.0
    for part in parts:
        total = total * 60 + float(part)
    return total or None


def primary_subtag(language: object) -> str | None:
    """'en' of 'en-US' or 'EN_us'; None for what is no language tag."""
    tag = re.split(r"[-_]", str(language or "").strip().lower(), maxsplit=1)[0]
    return tag if re.fullmatch(r"[a-z]{2,3}", tag) else None


def _time(entry: Any) -> datetime | None:
    parsed = entry.get("published_parsed") or entry.get("updated_parsed")
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, TypeError, OverflowError):
        return None


def _whole(value: object, limit: int) -> int | None:
    text = str(value or "").strip()
    return int(text) if re.fullmatch(r"\d{1,18}", text, re.A) and int(text) < limit else None


def _address(url: object, base: str) -> str | None:
    """An absolute http(s) address, or None."""
    try:
        joined = urljoin(base, clean(str(url)).strip()) if url else ""
    except ValueError:
        return None
    return joined if joined.lower().startswith(("http://", "https://")) else None


def _enclosure(entry: Any) -> dict[str, Any]:
    """href, type and length of the item's audio: its first enclosure that is no picture, else what
    Media RSS has.
    """
    for enclosure in entry.get("enclosures", ()):
        if enclosure.get("href") and _is_media(enclosure):
            return enclosure
    for content in entry.get("media_content", ()):
        if content.get("url") and (
            content.get("type") or content.get("medium") or ""
        ).lower().startswith(("audio", "video")):
            return {
                "href": content["url"],
                "type": content.get("type"),
                "length": content.get("filesize"),
            }
    return {}


def _is_media(enclosure: Any) -> bool:
    kind = (enclosure.get("type") or "audio/").lower()
    return not kind.startswith(("image/", "text/"))


def _items(root: Element) -> list[Element]:
    return [e for e in root.iter() if _local(e) in ("item", "entry")]


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def _is_podcast(element: Element) -> bool:
    return "podcastindex" in element.tag.rpartition("}")[0].lower()


def _payload(element: Element | None) -> bytes:
    try:
        return tostring(element)[:HEAD_BYTES] if element is not None else b""
    except RecursionError:  # nested deeper than Python can write it again
        return b""
