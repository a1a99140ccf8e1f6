"""The audio of an item is its sound file, however the item's files are ordered and described."""

import pytest

from podrec_assets.content.feeds.enclosures import Enclosure, best_enclosure
from podrec_assets.content.feeds.rss import parse_feed

BASE = "https://b.example/"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([("notes.pdf", "application/pdf"), ("a.mp3", "audio/mpeg")], "a.mp3"),
        ([("leaflet.epub", "application/epub+zip"), ("a.m4a", "audio/x-m4a")], "a.m4a"),
        ([("cover.jpg", "image/jpeg"), ("a.mp3", "audio/mpeg")], "a.mp3"),
        ([("a.mp4", "video/mp4"), ("a.mp3", "audio/mpeg")], "a.mp3"),
        ([("a.mp4", "video/mp4")], "a.mp4"),
        ([("a.m4v", ""), ("a.ogg", "application/ogg")], "a.ogg"),
        ([("a.mp3", "mp3")], "a.mp3"),
        ([("a.mp3", "audio")], "a.mp3"),
        ([("a.mp3", "mpeg/audio")], "a.mp3"),
        ([("a.ogg", "application/octet-stream")], "a.ogg"),
        ([("a.opus", "binary/octet-stream")], "a.opus"),
        ([("a.mp3?x=y.pdf", "")], "a.mp3?x=y.pdf"),
        ([("A.MP3", "")], "A.MP3"),
        ([("stream/5", "")], "stream/5"),
        ([("stream/5", ""), ("a.flac", "")], "a.flac"),
        ([("x?f=a.pdf", ""), ("a.mp3", "")], "a.mp3"),
        ([("a.mp3", ""), ("a.mp3", "audio/mpeg")], "a.mp3"),
        ([("a.mp3", "Audio/MPEG; codecs=mp3")], "a.mp3"),
        ([("a.mp3", "text/plain")], "a.mp3"),
        ([("a.mp3", "text/plain"), ("b.mp3", "audio/mpeg")], "b.mp3"),
        ([("notes.pdf", "audio/mpeg"), ("a.mp3", "audio/mpeg")], "a.mp3"),
        ([("cover.jpg", "audio/mpeg"), ("stream/5", "audio/mpeg")], "stream/5"),
        ([("only.pdf", "application/pdf")], None),
        ([("only.pdf", "")], None),
        ([("words.vtt", "text/vtt"), ("words.srt", "")], None),
        ([("live.m3u8", "audio/x-mpegurl"), ("a.aac", "audio/aac")], "a.aac"),
        ([("a.torrent", "application/x-bittorrent")], None),
        ([("", "audio/mpeg"), ("a.mp3", "audio/mpeg")], "a.mp3"),
        ([], None),
    ],
)
def test_the_sound_file_is_chosen(files: list[tuple[str, str]], expected: str | None) -> None:
    chosen = best_enclosure([Enclosure(url, kind) for url, kind in files])
    assert (chosen.url if chosen else None) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (
            '<media:content url="/c.jpg" medium="image"/><enclosure url="/a.mp3"/>',
            ("a.mp3", None, None),
        ),
        (
            '<enclosure url="/n.pdf" type="application/pdf" length="7"/>'
            '<enclosure url="/a.mp3" type="audio/mpeg" length="5"/>',
            ("a.mp3", "audio/mpeg", 5),
        ),
        (
            '<enclosure url="/v.mp4" type="video/mp4"/>'
            '<media:group><media:content url="/a.m4a" type="audio/mp4" fileSize="6"/>'
            "</media:group>",
            ("a.m4a", "audio/mp4", 6),
        ),
        ('<media:content url="/x" medium="audio"/>', ("x", None, None)),
        (
            '<atom:link rel="enclosure" href="/a.mp3" type="audio/mpeg" length="8"/>',
            ("a.mp3", "audio/mpeg", 8),
        ),
        ('<media:thumbnail url="/t.jpg"/><enclosure url="/d.doc"/>', (None, None, None)),
    ],
)
def test_the_files_of_an_item_are_found_in_rss_media_rss_and_atom(
    tags: str, expected: tuple[str | None, str | None, int | None]
) -> None:
    body = (
        '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" '
        'xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>S</title>'
        f"<item><guid>g</guid>{tags}</item></channel></rss>"
    ).encode()
    [episode] = parse_feed(body, BASE + "feed").episodes
    url = episode.audio_url.removeprefix(BASE) if episode.audio_url else None
    assert (url, episode.audio_type, episode.audio_bytes) == expected
