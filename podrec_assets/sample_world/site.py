"""The sample world as a web site: its feeds, transcripts, covers and recordings. Pure."""

import colorsys
import hashlib
import uuid
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from functools import cache
from importlib import resources
from xml.sax.saxutils import escape, quoteattr

from podrec_assets.sample_world.library import Episode, Show, load
from podrec_assets.sample_world.transcript_files import LINKS, render

SPREAD_DAYS = 30
LATE_DAYS = 14
"""Last days of the spread, in which all but a show's first EARLY_EPISODES are published."""
EARLY_EPISODES = 2
PUBLICATION_HOUR = 6
PODCAST_GUID_NAMESPACE = uuid.UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")
"""A podcast:guid is the UUIDv5 of the feed's address in this namespace."""
ERROR_PAGE = (
    b"<!DOCTYPE html><html><head><title>502</title></head>"
    b"<body><h1>Something went wrong</h1></body></html>\n"
)
ITUNES_NAMESPACE = "http://www.itunes.com/dtds/podcast-1.0.dtd"
AUDIO_TYPE = "audio/ogg"
Pages = dict[str, tuple[str, bytes]]
"""Path -> content type, body."""


def build(base_url: str, today: date) -> Pages:
    """Returns all pages of the site; deterministic.

    Args:
        base_url: where the site is served, without a trailing slash.
        today: day of the newest episode. It shifts publication times by whole days, but not guids
            or ids: with a later day, every episode looks changed to a poller. For a stable world,
            pass the day of the first start every time.
    """
    shows = load()
    times = publication_times(shows, today)
    pages: Pages = {
        "/": ("text/html; charset=utf-8", _index(shows).encode()),
        "/opml.xml": ("text/x-opml; charset=utf-8", _opml(shows, base_url).encode()),
    }
    for show in shows:
        pages[f"/feeds/{show.slug}.xml"] = (
            "application/rss+xml; charset=utf-8",
            _feed(show, base_url, times).encode(),
        )
        pages[f"/covers/{show.slug}.svg"] = ("image/svg+xml", _cover(show).encode())
        for episode in show.episodes:
            pages |= _files(episode)
    return pages


def publication_times(shows: tuple[Show, ...], today: date) -> dict[str, datetime]:
    """Returns publication times by guid, spread over the 30 days that end today.

    A show's first two episodes are in the first 16 days, the others after. Each show's episodes
    keep their order. The last episodes of all shows come last, the newest today at 06:00 UTC.
    """
    episodes = [(n, show, episode) for show in shows for n, episode in enumerate(show.episodes)]
    early = sorted(((n, s.slug, e.guid) for n, s, e in episodes if n < EARLY_EPISODES))
    late = sorted(
        ((n - len(s.episodes), s.slug, e.guid) for n, s, e in episodes if n >= EARLY_EPISODES)
    )
    newest = datetime.combine(today, time(PUBLICATION_HOUR), UTC)
    oldest = newest - timedelta(days=SPREAD_DAYS - 1)
    late_start = newest - timedelta(days=LATE_DAYS - 1)
    early_times = _spread([guid for *_, guid in early], oldest, late_start - timedelta(days=1))
    return early_times | _spread([guid for *_, guid in late], late_start, newest)


def _spread(guids: list[str], first: datetime, last: datetime) -> dict[str, datetime]:
    """Returns times by guid, evenly spaced from first to last, truncated to minutes."""
    step = (last - first) / max(1, len(guids) - 1)
    back = len(guids) - 1
    return {
        guid: (last - step * (back - i)).replace(second=0, microsecond=0)
        for i, guid in enumerate(guids)
    }


def _files(episode: Episode) -> Pages:
    """Returns the episode's audio and transcripts, without what its state withholds."""
    pages: Pages = {}
    if episode.state != "no_audio":
        pages[_audio_path(episode)] = (AUDIO_TYPE, _audio(episode))
    for kind in episode.formats if episode.state != "broken" else ():
        body = ERROR_PAGE if episode.state == "error_page" else render(kind, episode.lines)
        pages[_transcript_path(episode, kind)] = (LINKS[kind][0], body)
    return pages


def _audio_path(episode: Episode) -> str:
    return f"/audio/{episode.guid}.opus"


def _transcript_path(episode: Episode, kind: str) -> str:
    return f"/transcripts/{episode.guid}.{LINKS[kind][1]}"


def _feed(show: Show, base_url: str, times: dict[str, datetime]) -> str:
    """Returns the show's RSS, newest episode first, with itunes, podcast and atom elements."""
    address = f"{base_url}/feeds/{show.slug}.xml"
    # Not derived from the served address: the port differs between machines, the show must not.
    guid = uuid.uuid5(PODCAST_GUID_NAMESPACE, f"podrec.example/feeds/{show.slug}.xml")
    numbered = [
        (n, e)
        for n, e in enumerate(show.episodes, start=1)
        for _ in range(2 if e.state == "duplicate" else 1)
    ]
    items = "".join(_item(e, n, base_url, times[e.guid]) for n, e in reversed(numbered))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:itunes="{ITUNES_NAMESPACE}"
 xmlns:podcast="https://podcastindex.org/namespace/1.0">
<channel>
<title>{escape(show.title)}</title>
<link>{escape(base_url)}/</link>
<atom:link rel="self" type="application/rss+xml" href={quoteattr(address)}/>
<description>{escape(show.description)}</description>
<language>{show.language}</language>
<itunes:author>{escape(show.author)}</itunes:author>
<itunes:category text={quoteattr(show.category)}/>
<itunes:explicit>false</itunes:explicit>
<itunes:image href={quoteattr(f"{base_url}/covers/{show.slug}.svg")}/>
<podcast:guid>{guid}</podcast:guid>
{items}</channel>
</rss>
"""


def _item(episode: Episode, number: int, base_url: str, published: datetime) -> str:
    lines = [
        f"<title>{escape(episode.title)}</title>",
        f"<description>{escape(episode.description)}</description>",
        f'<guid isPermaLink="false">{episode.guid}</guid>',
        f"<pubDate>{format_datetime(published)}</pubDate>",
        f"<language>{episode.language}</language>",
        f"<itunes:duration>{round(episode.duration_s)}</itunes:duration>",
        f"<itunes:episode>{number}</itunes:episode>",
    ]
    if episode.state != "no_audio":
        url = quoteattr(base_url + _audio_path(episode))
        lines.append(f'<enclosure url={url} length="{len(_audio(episode))}" type="{AUDIO_TYPE}"/>')
    for kind in episode.formats:
        url = quoteattr(base_url + _transcript_path(episode, kind))
        lines.append(
            f'<podcast:transcript url={url} type="{LINKS[kind][0]}" language="{episode.language}"/>'
        )
    return "\n".join(["<item>", *lines, "</item>", ""])


@cache
def _audio(episode: Episode) -> bytes:
    """Returns the spoken episode, as long as its itunes:duration; made by `record_audio`."""
    folder = resources.files("podrec_assets.sample_world") / "audio"
    return (folder / f"{episode.guid}.opus").read_bytes()


def _cover(show: Show) -> str:
    """Returns the title over rings whose colour and positions come from the slug's hash."""
    seed = hashlib.sha256(show.slug.encode()).digest()
    background, ring = (_colour(seed[0] / 255, light) for light in (0.28, 0.55))
    stroke = f'fill="none" stroke="{ring}" stroke-width="6"'
    rings = "".join(
        f'<circle cx="{x * 300 // 255}" cy="{y * 200 // 255}" r="{30 + radius // 3}" {stroke}/>'
        for x, y, radius in zip(seed[1:6], seed[6:11], seed[11:16], strict=True)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 300">'
        f'<rect width="300" height="300" fill="{background}"/>{rings}'
        '<text x="20" y="262" font-family="Georgia, serif" font-size="26" fill="#fff">'
        f"{escape(show.title)}</text></svg>\n"
    )


def _colour(hue: float, light: float) -> str:
    return "#" + "".join(
        f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, light, 0.45)
    )


def _opml(shows: tuple[Show, ...], base_url: str) -> str:
    outlines = "".join(
        f'<outline type="rss" text={quoteattr(show.title)}'
        f" xmlUrl={quoteattr(f'{base_url}/feeds/{show.slug}.xml')}/>\n"
        for show in shows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<opml version="2.0"><head><title>The sample world of podrec</title></head>\n'
        f"<body>\n{outlines}</body></opml>\n"
    )


def _index(shows: tuple[Show, ...]) -> str:
    rows = "".join(
        f'<li><a href="/feeds/{s.slug}.xml">{escape(s.title)}</a>: {escape(s.description)}</li>\n'
        for s in shows
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        "<title>The sample world of podrec</title></head>\n<body>"
        "<h1>The sample world of podrec</h1>\n"
        '<p>Fictional shows, served as feeds. All of them: <a href="/opml.xml">opml.xml</a></p>\n'
        f"<ul>\n{rows}</ul></body></html>\n"
    )
