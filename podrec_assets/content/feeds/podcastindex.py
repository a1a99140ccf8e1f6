"""PodcastIndex as a directory: API requests, and the feeds in its answers. Pure.

Episodes are read from the feeds themselves, because only these have all the tags. API:
https://podcastindex-org.github.io/docs-api.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from podrec_assets.content.feeds.ids import feed_key
from podrec_assets.errors import UnusableInputError

MAX_FEEDS = 1000
"""Most feeds in one answer of the API."""


@dataclass(frozen=True)
class ApiRequest:
    """A path of the API and its parameters."""

    path: str
    parameters: dict[str, str]


def api_request(query: str, most: int, since: datetime | None = None) -> ApiRequest:
    """Returns the request for `trending`, `recent`, `feed:ID`, or a search for other words.

    Args:
        query: as above.
        most: number of feeds wanted, 1 to MAX_FEEDS.
        since: for trending and recent, only feeds that are newer.

    Raises:
        UnusableInputError: reason bad_question.
    """
    query = query.strip()
    limit = {"max": str(most)}
    newer = {"since": str(int(since.timestamp()))} if since else {}
    if query == "trending":
        return ApiRequest("/podcasts/trending", limit | newer)
    if query == "recent":
        return ApiRequest("/recent/feeds", limit | newer)
    if since:
        raise UnusableInputError(
            "bad_question", "Only `trending` and `recent` of PodcastIndex accept a start time."
        )
    if query.startswith("feed:"):
        feed_id = query.removeprefix("feed:").strip()
        if not (feed_id.isascii() and feed_id.isdigit()):
            raise UnusableInputError(
                "bad_question", f"{query!r} is not a feed of PodcastIndex; write feed:75075."
            )
        return ApiRequest("/podcasts/byfeedid", {"id": feed_id})
    if not query:
        raise UnusableInputError(
            "bad_question",
            "PodcastIndex needs words to search for, or trending, recent or feed:ID.",
        )
    return ApiRequest("/search/byterm", {"q": query} | limit)


def feed_urls(body: bytes, most: int) -> list[str]:
    """Returns the addresses of the living feeds in an answer, each once, in order, up to `most`.

    Raises:
        UnusableInputError: reason bad_answer, also for an unknown feed id.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise UnusableInputError("bad_answer", "PodcastIndex did not answer with JSON.") from err
    if not isinstance(answer, dict) or str(answer.get("status")).lower() != "true":
        why = answer.get("description") if isinstance(answer, dict) else None
        raise UnusableInputError("bad_answer", f"PodcastIndex could not answer: {str(why)[:200]}.")
    urls: dict[str, str] = {}
    for feed in answer.get("feeds") or [answer.get("feed")]:
        url = feed.get("url") if isinstance(feed, dict) and not _is_dead(feed) else None
        if isinstance(url, str) and url.strip():
            urls.setdefault(feed_key(url), url.strip())
    return list(urls.values())[:most]


def _is_dead(feed: dict) -> bool:
    return str(feed.get("dead") or 0) not in ("0", "False")
