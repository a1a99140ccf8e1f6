"""The sample world as a web site: feeds, transcripts, covers and audio, made on the fly. Pure.

Odd states that real feeds have: `none` (no transcript), `broken` (its link leads nowhere), `error_page` (a web page in place of
the transcript), `duplicate` (the item stands in the feed twice), `no_audio` (no enclosure and no transcript).
"""

import json
import struct
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr

from podrec_assets.sample_world.library import Episode, Line, Show, load

SPREAD_DAYS = 30
TYPES = {"vtt": "text/vtt", "srt": "application/x-subrip", "json": "application/json"}
ERROR_PAGE = b"<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"
SAMPLE_RATE = 8000
Pages = dict[str, tuple[str, bytes]]
"""Path -> content type, body."""


def build(base_url: str, today: date) -> Pages:
    """All pages. Publication times spread over the 30 days up to `today` 06:00 UTC, the same for the same `today`."""
    shows = load()
    pages: Pages = {"/": ("text/html; charset=utf-8", _index(shows).encode()), "/opml.xml": ("text/x-opml", _opml(shows, base_url).encode())}
    order = sorted(((n, s.slug, s, e) for s in shows for n, e in enumerate(s.episodes)), key=lambda o: o[:2])
    last = datetime.combine(today, time(6), UTC)
    step = timedelta(days=SPREAD_DAYS - 1) / max(1, len(order) - 1)
    dates = {e.guid: last - step * (len(order) - 1 - i) for i, (_, _, _, e) in enumerate(order)}
    for show in shows:
        pages[f"/feeds/{show.slug}.xml"] = ("application/rss+xml; charset=utf-8", _feed(show, base_url, dates).encode())
        pages[f"/covers/{show.slug}.svg"] = ("image/svg+xml", _cover(show).encode())
        for episode in show.episodes:
            pages |= _episode_pages(episode)
    return pages


def _episode_pages(episode: Episode) -> Pages:
    pages: Pages = {} if episode.state == "no_audio" else {f"/audio/{episode.guid}.wav": ("audio/wav", _tone())}
    path = f"/transcripts/{episode.guid}.{episode.transcript}"
    if episode.state == "error_page":
        pages[path] = (TYPES[episode.transcript], ERROR_PAGE)
    elif episode.lines and episode.state not in ("none", "broken", "no_audio"):
        pages[path] = (TYPES[episode.transcript], FORMATTERS[episode.transcript](episode.lines).encode())
    return pages


def _feed(show: Show, base_url: str, dates: dict[str, datetime]) -> str:
    doubled = [e for episode in show.episodes for e in ([episode, episode] if episode.state == "duplicate" else [episode])]
    items = "".join(_item(e, n, base_url, dates[e.guid]) for n, e in enumerate(doubled, start=1))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:podcast="https://podcastindex.org/namespace/1.0">
<channel>
<title>{escape(show.title)}</title>
<link>{base_url}/</link>
<description>{escape(show.description)}</description>
<language>{show.language}</language>
<itunes:author>{escape(show.author)}</itunes:author>
<itunes:category text={quoteattr(show.category)}/>
<itunes:image href="{base_url}/covers/{show.slug}.svg"/>
<podcast:guid>podrec-sample-{show.slug}</podcast:guid>
{items}</channel>
</rss>
"""


def _item(episode: Episode, number: int, base_url: str, published: datetime) -> str:
    size = len(_tone())
    audio = f'<enclosure url="{base_url}/audio/{episode.guid}.wav" length="{size}" type="audio/wav"/>' if episode.state != "no_audio" else ""
    link = f"{base_url}/transcripts/{episode.guid}.{episode.transcript}"
    kind = TYPES[episode.transcript]
    transcript = f'<podcast:transcript url="{link}" type="{kind}" language="{episode.language}"/>' if episode.state not in ("none", "no_audio") else ""
    return f"""<item>
<title>{escape(episode.title)}</title>
<description>{escape(episode.description)}</description>
<guid isPermaLink="false">{episode.guid}</guid>
<pubDate>{format_datetime(published)}</pubDate>
<language>{episode.language}</language>
<itunes:duration>{round(episode.duration_s)}</itunes:duration>
<itunes:episode>{number}</itunes:episode>
{audio}{transcript}
</item>
"""


def _vtt(lines: tuple[Line, ...]) -> str:
    cues = (f"{_clock(x.start_s, '.')} --> {_clock(x.end_s, '.')}\n<v {x.speaker}>{x.text}\n" for x in lines)
    return "WEBVTT\n\n" + "\n".join(cues)


def _srt(lines: tuple[Line, ...]) -> str:
    cues = (f"{n}\n{_clock(x.start_s, ',')} --> {_clock(x.end_s, ',')}\n{x.speaker}: {x.text}\n" for n, x in enumerate(lines, start=1))
    return "\n".join(cues)


def _json(lines: tuple[Line, ...]) -> str:
    segments = [{"speaker": x.speaker, "startTime": x.start_s, "endTime": x.end_s, "body": x.text} for x in lines]
    return json.dumps({"version": "1.0.0", "segments": segments}, ensure_ascii=False)


FORMATTERS = {"vtt": _vtt, "srt": _srt, "json": _json}


def _clock(seconds: float, point: str) -> str:
    whole, milli = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{milli:03}"


def _tone() -> bytes:
    """One second of silence as WAV: the world has voices on paper only."""
    data = b"\x80" * SAMPLE_RATE
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, SAMPLE_RATE, SAMPLE_RATE, 1, 8, b"data", len(data))
    return header + data


def _cover(show: Show) -> str:
    hue = sum(show.slug.encode()) * 37 % 360
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 300"><rect width="300" height="300" fill="hsl({hue},45%,40%)"/>'
        f'<text x="24" y="160" font-family="serif" font-size="28" fill="white">{escape(show.title)}</text></svg>'
    )


def _opml(shows: tuple[Show, ...], base_url: str) -> str:
    outlines = "".join(f'<outline type="rss" text={quoteattr(s.title)} xmlUrl="{base_url}/feeds/{s.slug}.xml"/>' for s in shows)
    return f'<?xml version="1.0" encoding="UTF-8"?><opml version="2.0"><head><title>Sample world</title></head><body>{outlines}</body></opml>'


def _index(shows: tuple[Show, ...]) -> str:
    rows = "".join(f'<li><a href="/feeds/{s.slug}.xml">{escape(s.title)}</a>: {escape(s.description)}</li>' for s in shows)
    return f"<!doctype html><title>Sample world</title><h1>Feeds of the sample world</h1><ul>{rows}</ul>"
