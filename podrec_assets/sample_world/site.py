"""The sample world as a web site: feeds, transcripts, covers and audio, made on the fly. Pure."""

import colorsys
import hashlib
import io
import math
import struct
import uuid
import wave
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from functools import cache
from xml.sax.saxutils import escape, quoteattr

from podrec_assets.sample_world.transcript_files import LINKS, render
from podrec_assets.sample_world.library import Episode, Show, load

SPREAD_DAYS = 30
LATE_DAYS = 14
"""The last days of the spread, in which all but a show's first EARLY_EPISODES appear."""
EARLY_EPISODES = 2
PUBLICATION_HOUR = 6
PODCAST_GUID_NAMESPACE = uuid.UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")
"""The podcast namespace makes a podcast:guid of a feed's address by UUIDv5 in this namespace."""
ERROR_PAGE = b"<!DOCTYPE html><html><head><title>502</title></head><body><h1>Something went wrong</h1></body></html>\n"
SAMPLE_RATE = 8000
TONE_HZ, TONE_SECONDS, TONE_LEVEL = 220, 1, 0.05
Pages = dict[str, tuple[str, bytes]]
"""Path -> content type, body."""


def build(base_url: str, today: date) -> Pages:
    """All pages of the site, the same for the same arguments.

    Args:
        base_url: where the site is served, without a trailing slash.
        today: day of the newest episode. Publication times hang on it by whole days, guids and ids
            do not: a server started with a later day announces the same episodes with later dates,
                so whoever polls it sees them all changed. A caller
            that wants a stable world remembers the day of the first start.
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
    """guid -> publication time: a show's first two episodes in the first 16 of the 30 days that end
    today, the others after.

    The last episodes of all shows come last, the very last one today at 06:00 UTC; a show's
    episodes keep their order.
    """
    episodes = [(n, show, episode) for show in shows for n, episode in enumerate(show.episodes)]
    early = sorted(((n, s.slug, e.guid) for n, s, e in episodes if n < EARLY_EPISODES))
    late = sorted(
        ((n - len(s.episodes), s.slug, e.guid) for n, s, e in episodes if n >= EARLY_EPISODES)
    )
    newest = datetime.combine(today, time(PUBLICATION_HOUR), UTC)
    oldest = newest - timedelta(days=SPREAD_DAYS - 1)
    turn = newest - timedelta(days=LATE_DAYS - 1)
    return _spread([g for *_, g in early], oldest, turn - timedelta(days=1)) | _spread(
        [g for *_, g in late], turn, newest
    )


def _spread(guids: list[str], first: datetime, last: datetime) -> dict[str, datetime]:
    """guid -> time, evenly from first to last, cut to minutes."""
    step = (last - first) / max(1, len(guids) - 1)
    back = len(guids) - 1
    return {
        guid: (last - step * (back - i)).replace(second=0, microsecond=0)
        for i, guid in enumerate(guids)
    }


def _files(episode: Episode) -> Pages:
    """The episode's audio and transcripts; what its state withholds is not there."""
    pages: Pages = (
        {} if episode.state == "no_audio" else {_audio_path(episode): ("audio/wav", _tone())}
    )
    for kind in episode.formats if episode.state != "broken" else ():
        body = ERROR_PAGE if episode.state == "error_page" else render(kind, episode.lines)
        pages[_transcript_path(episode, kind)] = (LINKS[kind][0], body)
    return pages


def _audio_path(episode: Episode) -> str:
    return f"/audio/{episode.guid}.wav"


def _transcript_path(episode: Episode, kind: str) -> str:
    return f"/transcripts/{episode.guid}.{LINKS[kind][1]}"


def _feed(show: Show, base_url: str, times: dict[str, datetime]) -> str:
    """The show's RSS, newest first as feeds are. Elements of other namespaces than RSS's: itunes,
    podcast, atom.
    """
    address = f"{base_url}/feeds/{show.slug}.xml"
    # Not made of the address as served: the port changes with the machine, the show must not.
    guid = uuid.uuid5(PODCAST_GUID_NAMESPACE, f"podrec.example/feeds/{show.slug}.xml")
    numbered = [
        (n, e)
        for n, e in enumerate(show.episodes, start=1)
        for _ in range(2 if e.state == "duplicate" else 1)
    ]
    items = "".join(_item(e, n, base_url, times[e.guid]) for n, e in reversed(numbered))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
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
        lines.append(
            f'<enclosure url={quoteattr(base_url + _audio_path(episode))} length="{len(_tone())}" type="audio/wav"/>'
        )
    for kind in episode.formats:
        url = quoteattr(base_url + _transcript_path(episode, kind))
        lines.append(
            f'<podcast:transcript url={url} type="{LINKS[kind][0]}" language="{episode.language}"/>'
        )
    return "\n".join(["<item>", *lines, "</item>", ""])


@cache
def _tone() -> bytes:
    """A quiet tone of one second as WAV: real audio, but a stand-in, for the shows were written and
    never spoken.

    It is shorter than the itunes:duration, which is how long the transcript would take to say.
    """
    peak = TONE_LEVEL * (2**15 - 1)
    waves = (
        round(peak * math.sin(2 * math.pi * TONE_HZ * n / SAMPLE_RATE))
        for n in range(SAMPLE_RATE * TONE_SECONDS)
    )
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLE_RATE)
        sound.writeframes(b"".join(struct.pack("<h", w) for w in waves))
    return file.getvalue()


def _cover(show: Show) -> str:
    """The title on rings whose colour and places come from the slug's hash."""
    seed = hashlib.sha256(show.slug.encode()).digest()
    ground, ring = (_colour(seed[0] / 255, light) for light in (0.28, 0.55))
    rings = "".join(
        f'<circle cx="{b * 300 // 255}" cy="{c * 200 // 255}" r="{30 + r // 3}" fill="none" stroke="{ring}" stroke-width="6"/>'
        for b, c, r in zip(seed[1:6], seed[6:11], seed[11:16], strict=True)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 300">'
        f'<rect width="300" height="300" fill="{ground}"/>{rings}'
        f'<text x="20" y="262" font-family="Georgia, serif" font-size="26" fill="#fff">{escape(show.title)}</text></svg>\n'
    )


def _colour(hue: float, light: float) -> str:
    return "#" + "".join(
        f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, light, 0.45)
    )


def _opml(shows: tuple[Show, ...], base_url: str) -> str:
    outlines = "".join(
        f'<outline type="rss" text={quoteattr(s.title)} xmlUrl={quoteattr(f"{base_url}/feeds/{s.slug}.xml")}/>\n'
        for s in shows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0"><head><title>The sample world of podrec</title></head>\n'
        f"<body>\n{outlines}</body></opml>\n"
    )


def _index(shows: tuple[Show, ...]) -> str:
    rows = "".join(
        f'<li><a href="/feeds/{s.slug}.xml">{escape(s.title)}</a>: {escape(s.description)}</li>\n'
        for s in shows
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>The sample world of podrec</title></head>\n<body>'
        "<h1>The sample world of podrec</h1>\n"
        '<p>Invented shows, served as feeds. All of them: <a href="/opml.xml">opml.xml</a></p>\n'
        f"<ul>\n{rows}</ul></body></html>\n"
    )
