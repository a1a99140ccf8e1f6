"""PodcastIndex as a directory: what to ask it for, and the feeds in what it answers. Pure.

Episodes are read from the feeds themselves, which alone have all the tags. API:
https://podcastindex-org.github.io/docs-api.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from podrec_assets.content.feeds.ids import feed_key
from podrec_assets.errors import UnusableInputError

MAX_FEEDS = 1000
"""Most feeds that the API gives in one answer."""


@dataclass(frozen=True)
class ApiRequest:
    """A path of the API and its parameters."""

    path: str
    parameters: dict[str, str]


def api_request(words: str, most: int, since: datetime | None = None) -> ApiRequest:
    """What to ask for `trending`, `recent`, `feed:ID`, or else for the words.

    Args:
        words: as above.
        most: feeds wanted, 1 to MAX_FEEDS.
        since: for trending and recent, only what is newer.

    Raises:
        UnusableInputError: reason bad_question.
    """
    words = words.strip()
    limit = {"max": str(most)}
    newer = {"since": str(int(since.timestamp()))} if since else {}
    if words in ("trending", "recent"):
        return ApiRequest(
            "/podcasts/trending" if words == "trending" else "/recent/feeds", limit | newer
        )
    if since:
        raise UnusableInputError(
            "bad_question", "Only `trending` and `recent` of PodcastIndex take a time since when."
        )
    if words.startswith("feed:"):
        feed_id = words.removeprefix("feed:").strip()
        if not (feed_id.isascii() and feed_id.isdigit()):
            raise UnusableInputError(
                "bad_question", f"{words!r} names no feed of PodcastIndex; use feed:75075."
            )
        return ApiRequest("/podcasts/byfeedid", {"id": feed_id})
    if not words:
        raise UnusableInputError(
            "bad_question",
            "PodcastIndex needs words to search for, or trending, recent or feed:ID.",
        )
    return ApiRequest("/search/byterm", {"q": words} | limit)


def feed_urls(body: bytes, most: int) -> list[str]:
    """Addresses of the living feeds of an answer, each feed once, in its order, at most `most`.

    Raises:
        UnusableInputError: reason bad_answer; an unknown feed id is one too.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise UnusableInputError(
            "bad_answer", "PodcastIndex answered with what is not JSON."
        ) from err
    if not isinstance(answer, dict) or str(answer.get("status")).lower() != "true":
        said = answer.get("description") if isinstance(answer, dict) else None
        raise UnusableInputError("bad_answer", f"PodcastIndex could not answer: {str(said)[:200]}.")
    found: dict[str, str] = {}
    for feed in answer.get("feeds") or [answer.get("feed")]:
        url = feed.get("url") if isinstance(feed, dict) and not _is_dead(feed) else None
        if isinstance(url, str) and url.strip():
            found.setdefault(feed_key(url), url.strip())
    return list(found.values())[:most]


def _is_dead(feed: dict) -> bool:
    return str(feed.get("dead") or 0) not in ("0", "False")
