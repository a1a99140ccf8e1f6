"""Ids of shows and episodes: the same across polls and across feeds that carry the same show. Pure."""

import hashlib
from urllib.parse import urlsplit


def show_id(podcast_guid: str | None, feed_url: str) -> str:
    """A show's id: of its podcast:guid, which follows it to new addresses, else of its feed's address."""
    return "s" + _digest((podcast_guid or "").strip().lower() or normalised(feed_url))


def episode_id(show: str, guid: str | None, audio_url: str | None, link: str | None, title: str) -> str:
    """An episode's id: of its guid within the show, else of its enclosure, else of its link and title."""
    if guid and guid.strip():
        return "e" + _digest(f"guid {show} {guid.strip()}")
    if audio_url:
        return "e" + _digest(f"audio {normalised(audio_url)}")
    return "e" + _digest(f"page {show} {link or ''} {title}")


def normalised(url: str) -> str:
    """An address without scheme, query, fragment, case of the host and trailing slash: http and https are one show."""
    parts = urlsplit(url.strip())
    return f"{(parts.hostname or '').removeprefix('www.')}{parts.path.rstrip('/')}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:15]
