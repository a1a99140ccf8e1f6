"""Ids of shows and episodes: the same across polls, addresses and duplicate feeds. Pure.

- A show is identified by its podcast:guid; without one, by its feed's address without scheme,
  default port and trailing slash.
- An episode is identified by its guid within its show; without a guid, by its enclosure; without
  both, by its link or title.
- A changed enclosure under a known guid is a new version of the same episode. Two items of *one*
  feed that share a guid but not the enclosure are two episodes. The one published first keeps the
  guid's id, so an old episode keeps its id when a publisher reuses the guid.
- One episode in feeds of different show ids (a feed that moved, a mirror) is one episode:
  `change_detection` finds it by `mirror_keys` and keeps the id that was announced first.
"""

import hashlib
import re
from datetime import datetime
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

ID_HEX = 15
TRACKERS = frozenset(
    {
        "podtrac.com", "chtbl.com", "chrt.fm", "pdst.fm", "op3.dev", "mgln.ai", "blubrry.com",
        "claritaspod.com", "clrtpod.com", "prfx.byspotify.com", "podscribe.com", "pscrb.fm",
        "arttrk.com", "gum.fm", "swap.fm", "vpixl.com", "growx.podkite.com", "podcorn.com",
        "adbarker.com",
    }
)  # fmt: skip
"""Hosts that count downloads: their address comes before the real one."""
TRACKING_KEYS = re.compile(
    r"utm_.*|aw_.*|awcollectionid|awepisodeid|dest-id|dest|source|ref|_from|from|updated|played_on",
    re.I,
)
_HOST = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,24}(?::\d+)?", re.I)
_MEDIA = re.compile(r"\.(mp3|m4a|mp4|aac|ogg|opus|wav|flac|m4v|mov)$", re.I)


def show_id(podcast_guid: str | None, feed_url: str) -> str:
    """Returns the id of a show: 's' and 15 hex digits."""
    guid = (podcast_guid or "").strip().lower()
    return _id("s", f"podcast:guid {guid}" if guid else f"feed {feed_key(feed_url)}")


def episode_id(
    show: str,
    guid: str | None,
    audio_url: str | None,
    link: str | None = None,
    title: str | None = None,
) -> str | None:
    """Returns the id of an episode: 'e' and 15 hex digits.

    None for an item without guid, enclosure, link and title.
    """
    candidates = (("guid", guid), ("audio", audio_key(audio_url)), ("link", link), ("title", title))
    for kind, value in candidates:
        if value and value.strip():
            return _id("e", f"{show} {kind} {value.strip()}")
    return None


def reused_guid_id(show: str, guid: str, audio_url: str | None) -> str:
    """Returns the id of a later item that reuses the guid of another one."""
    return _id("e", f"{show} guid {guid.strip()} audio {audio_key(audio_url)}")


@lru_cache(maxsize=4096)
def feed_key(url: str) -> str:
    """Returns a feed's address without scheme, default port, fragment and trailing slash.

    These may change while the feed stays the same.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:  # not an address; the fetcher reports it
        return url.strip()
    host = (
        parts.netloc.lower()
        .rpartition("@")[2]
        .removesuffix(":80" if parts.scheme == "http" else ":443")
    )
    return f"{host}{parts.path.rstrip('/')}" + (f"?{parts.query}" if parts.query else "")


@lru_cache(maxsize=16)
def audio_key(url: str | None) -> str:
    """Returns an enclosure's address without scheme and tracking; "" for no address."""
    if not url:
        return ""
    rest = url.strip().partition("://")[2] or url.strip()
    while inner := _behind_tracker(rest):
        rest = inner
    try:
        parts = urlsplit("//" + rest)
    except ValueError:  # what follows a tracking prefix need not be an address
        return rest
    query = [
        (k, v)
        for k, v in parse_qsl(parts.query, keep_blank_values=True)
        if not TRACKING_KEYS.fullmatch(k)
    ]
    return parts.netloc.lower() + parts.path + (f"?{urlencode(query)}" if query else "")


def mirror_keys(
    guid: str | None, title: str | None, published_at: datetime | None, audio_url: str | None
) -> list[str]:
    """Returns the keys that an episode shares with its copy in another feed.

    They are its enclosure; and its guid with title and time to the second. The guid alone is not
    enough: many feeds number their episodes.
    """
    keys = []
    if audio := audio_key(audio_url):
        keys.append(f"audio {audio}")
    if guid and title and published_at:
        keys.append(f"guid {guid.strip()} {title.strip().casefold()} {published_at.isoformat()}")
    return keys


def _behind_tracker(address: str) -> str | None:
    """Returns the address after a tracking prefix; None for an address without such a prefix."""
    host, _, path = address.partition("/")
    host = host.lower().partition(":")[0]
    labels = host.split(".")
    if not any(".".join(labels[n:]) in TRACKERS for n in range(len(labels))):
        return None
    unquoted = unquote(path) if re.search("https?%3a", path, re.I) else path
    nested = re.search(r"https?:/{1,2}(.+)", unquoted, re.I)
    if nested:
        return nested[1]
    segments = path.split("/")
    for index, segment in enumerate(segments[:-1]):
        if _HOST.fullmatch(segment) and not _MEDIA.search(segment):
            return "/".join(segments[index:])
    return None


def _id(prefix: str, text: str) -> str:
    return prefix + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:ID_HEX]
