"""One item of a feed, as feedparser and the XML tree show it, to an announcement. Pure."""

from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from podrec_assets.content.feeds.episode_message import MAX_DESCRIPTION, Announcement
from podrec_assets.content.feeds.feed_values import (
    duration_seconds,
    http_address,
    primary_subtag,
    publication_time,
    whole_number,
)
from podrec_assets.content.feeds.ids import episode_id
from podrec_assets.content.html_text import clean, plain_text

UNTITLED = "Untitled episode"
_INT32 = 2**31


@dataclass(frozen=True)
class FeedShow:
    """A show as its channel describes it; language is the primary subtag."""

    show_id: str
    title: str | None
    language: str | None
    image_url: str | None
    link: str | None
    is_serial: bool


def to_announcement(
    entry: Any, element: Element | None, show: FeedShow, feed_url: str
) -> Announcement | None:
    """Returns the announcement of one item; None for an item without identity."""
    audio = _enclosure(entry)
    audio_url = http_address(audio.get("href"), feed_url)
    guid = clean(str(entry.get("id") or "")).strip() or None
    link, title = (
        http_address(entry.get("link"), feed_url),
        plain_text(entry.get("title")) or None,
    )
    episode = episode_id(show.show_id, guid, audio_url, link, title)
    if episode is None:
        return None
    return Announcement(
        episode_id=episode,
        show_id=show.show_id,
        show_title=show.title,
        title=title or UNTITLED,
        description=_description(entry),
        guid=guid,
        feed_url=feed_url,
        link=link,
        image_url=http_address((entry.get("image") or {}).get("href"), feed_url) or show.image_url,
        published_at=publication_time(entry),
        duration_s=duration_seconds(entry.get("itunes_duration")),
        language=show.language,
        season=whole_number(entry.get("itunes_season"), _INT32),
        episode_number=whole_number(entry.get("itunes_episode"), _INT32),
        is_serial=show.is_serial,
        audio_url=audio_url,
        audio_type=clean(audio.get("type") or "").lower() or None,
        audio_bytes=whole_number(audio.get("length"), 2**63) or None,
        transcripts=_transcripts(entry, element, feed_url),
    )


def local_name(element: Element) -> str:
    """Returns the lower-case tag without its namespace; "" for comments."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def is_podcast_tag(element: Element) -> bool:
    """Whether the element is of the podcast namespace, in any of its spellings."""
    return "podcastindex" in element.tag.rpartition("}")[0].lower()


def _description(entry: Any) -> str | None:
    texts = [c.get("value") for c in entry.get("content", ())]
    texts += [entry.get("summary"), entry.get("subtitle")]
    longest = max((plain_text(t) for t in texts), key=len)
    return longest[:MAX_DESCRIPTION].rstrip() or None


def _transcripts(
    entry: Any, element: Element | None, feed_url: str
) -> tuple[dict[str, str | None], ...]:
    """Returns the item's transcript links, each address once.

    feedparser keeps only one of repeated tags, so they are read from the tree where there is one.
    """
    tags: list[dict] = (
        [entry["podcast_transcript"]] if isinstance(entry.get("podcast_transcript"), dict) else []
    )
    if element is not None:
        tags = [
            dict(e.attrib) for e in element if local_name(e) == "transcript" and is_podcast_tag(e)
        ]
    links: dict[str, dict[str, str | None]] = {}
    for tag in tags:
        url = http_address(tag.get("url"), feed_url)
        if url:
            kind, rel = (
                clean(tag.get(name) or "").strip().lower() or None for name in ("type", "rel")
            )
            language = primary_subtag(tag.get("language"))
            links.setdefault(url, {"url": url, "type": kind, "language": language, "rel": rel})
    return tuple(links.values())


def _enclosure(entry: Any) -> dict[str, Any]:
    """Returns href, type and length of the item's audio.

    It is the first enclosure that is not a picture or text, or else the first audio or video of
    Media RSS.
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
