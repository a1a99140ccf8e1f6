"""Damaged feeds keep their items and all transcripts of an item; the damage is reported once."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podrec_assets.content.feeds.rss import Feed, parse_feed
from podrec_assets.errors import UnusableInputError
from podrec_assets.schemas import dead_letter

FEED = "https://show.example/feeds/one.xml"
NAMESPACES = (
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
    'xmlns:podcast="https://podcastindex.org/namespace/1.0"'
)
TRANSCRIPTS = (
    '<podcast:transcript url="https://t.example/{n}.vtt" type="text/vtt"/>'
    '<podcast:transcript url="https://t.example/{n}.html" type="text/html"/>'
)


def item(number: int, more: str = "") -> str:
    return (
        f"<item><title>T{number}</title><guid>g{number}</guid>"
        f'<enclosure url="https://a.example/{number}.mp3" type="audio/mpeg"/>{more}'
        f"{TRANSCRIPTS.format(n=number)}</item>"
    )


def rss(*items: str, namespaces: str = NAMESPACES) -> str:
    inside = "".join(items)
    return (
        f'<rss version="2.0" {namespaces}><channel><title>Bäckerei</title>{inside}</channel></rss>'
    )


def declared(charset: str, text: str) -> str:
    return f'<?xml version="1.0" encoding="{charset}"?>\n{text}'


WHOLE = rss(item(1), item(2))
DAMAGED: dict[str, str | bytes] = {
    "an unknown entity": rss(item(1, "<itunes:summary>Mar&iacute;a</itunes:summary>"), item(2)),
    "an entity that nobody knows": rss(item(1, "<x>&bread;</x>"), item(2)),
    "a bare ampersand in an attribute": rss(item(1, '<x img="p.jpg?s=6&d=mm"/>'), item(2)),
    "a bare ampersand in text": rss(item(1, "<x>Tom & Jerry</x>"), item(2)),
    "a bare less-than": rss(item(1, "<x>5 < 6</x>"), item(2)),
    "two byte order marks": "\ufeff\ufeff" + declared("UTF-8", WHOLE),
    "a script after the end": WHOLE + "\n<script>x()</script>",
    "a second document after the end": WHOLE + "<html><body>ad</body></html>",
    "a warning of PHP before it": f"<br />\n<b>Warning</b>: x in y.php<br />\n{WHOLE}",
    "a notice before it": f"[Notice] deprecated\n{WHOLE}",
    "a control character": rss(item(1, "<x>bell \x08 here</x>"), item(2)),
    "a number of a control character": rss(item(1, "<x>&#8;&#0;&#x1F;</x>"), item(2)),
    "a character beyond Unicode": rss(item(1, "<x>&#x110000;</x>"), item(2)),
    "false UTF-16": declared("UTF-16", WHOLE),
    "an unknown charset": declared("klingon", WHOLE),
    "attributes without a space": rss(
        item(1), item(2), namespaces=NAMESPACES.replace('" xmlns', '"xmlns')
    ),
    "attributes of an item without a space": rss(item(1, '<x a="1"b="2"/>'), item(2)),
    "no namespaces": rss(item(1), item(2), namespaces=""),
    "an attribute without quotes": rss(item(1, "<x>a <img src=x.png> b</x><y a=1 b=2/>"), item(2)),
    "an attribute without a value": rss(item(1, "<x checked/><y a= />"), item(2)),
    "a title that never ends": rss(item(1).replace("</title>", ""), item(2)),
    "markup in a description": rss(item(1, "<description>a <br> b <p>c</description>"), item(2)),
    "a tag that never ends": rss(item(1, "<x><b><i>"), item(2)),
    "an end tag too many": rss(item(1, "</b></i>"), item(2)),
    "a wrong end tag": rss(item(1, "<x>a</y>"), item(2)),
    "a comment that never ends": rss(item(1, "<x/><!-- "), item(2)),
    "a CDATA section that never ends": rss(item(1, "<x><![CDATA[a</x>"), item(2)),
    "an item that never ends": rss(item(1).removesuffix("</item>"), item(2)),
    "no end of the feed": WHOLE.removesuffix("</channel></rss>"),
    "half a character at the end": WHOLE.encode() + "ä".encode()[:1],
    "one byte of another charset": rss(item(1, "<x>caf\xe9</x>"), item(2))
    .encode()
    .replace("é".encode(), b"\xe9"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_items_and_all_their_transcripts_are_kept_and_damage_is_reported_once(name: str) -> None:
    body = DAMAGED[name]
    feed = parse_feed(body if isinstance(body, bytes) else body.encode(), FEED)
    assert feed.show_title == "Bäckerei"
    assert [(e.title, e.guid, e.audio_url) for e in feed.episodes] == [
        (f"T{n}", f"g{n}", f"https://a.example/{n}.mp3") for n in (1, 2)
    ]
    assert [[t["url"] for t in e.transcripts] for e in feed.episodes] == [
        [f"https://t.example/{n}.vtt", f"https://t.example/{n}.html"] for n in (1, 2)
    ]
    assert [p.reason for p in feed.problems] == ["malformed_xml"]


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        "\ufeff" + declared("UTF-8", WHOLE),
        "\n \n" + declared("UTF-8", WHOLE),
        declared("UTF-8", f"<!-- a & b <item> -->{WHOLE}\n<!-- c -->\n"),
        rss(item(1, "<x><![CDATA[<item>a & b &nbsp; <b>]]></x>"), item(2)),
        rss(item(1, "<x>&amp;iacute; &#237; &#x1F956;</x>"), item(2)),
        WHOLE.replace("<item>", '<item xmlns:x="u">').replace("</item>", "<x:y/></item>"),
    ],
    ids=["plain", "mark", "blank lines", "comments", "CDATA", "references", "own namespace"],
)
def test_what_xml_allows_is_no_damage(text: str) -> None:
    feed = parse_feed(text.encode(), FEED)
    assert ([len(e.transcripts) for e in feed.episodes], feed.problems) == ([2, 2], [])


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("We bake &#55358;&#56662; today", "We bake 🥖 today"),
        ("We bake &#xD83E;&#xDD56; today", "We bake 🥖 today"),
        ("<![CDATA[We bake &#55358;&#56662; today]]>", "We bake 🥖 today"),
        ("We bake &amp;#55358;&amp;#56662; today", "We bake 🥖 today"),
        ("We bake &#55358; today", "We bake today"),
        ("We bake &#56662;&#55358; today", "We bake today"),
        ("We bake &amp;#xD83E; today", "We bake today"),
        ("We bake &#0;&#xFFFF; today", "We bake today"),
        ("We bake &#55358 &amp;#55358 today", "We bake today"),
        ("We bake &#99999999999; &#xFFFFFFFFF; today", "We bake today"),
        ("We bake &#0000000065; today", "We bake A today"),
        ("We bake &#128512; today", "We bake 😀 today"),
        (
            "We bake &eacute;clairs &amp; more &unknown; today",
            "We bake éclairs & more &unknown; today",
        ),
    ],
)
def test_references_are_the_characters_they_mean_or_nothing(written: str, read: str) -> None:
    more = f"<description>{written}</description>"
    for title, items in ((written, [item(1)]), ("S", [item(1, more), item(2), item(3)])):
        body = rss(*items).replace("Bäckerei", title)
        feed = parse_feed(body.encode(), FEED)
        assert [e.title for e in feed.episodes] == [f"T{n}" for n in range(1, len(items) + 1)]
        assert feed.show_title == (read if title == written else "S")
    assert feed.episodes[0].description == read
    titled = item(2).replace("T2", written)
    assert parse_feed(rss(item(1), titled).encode(), FEED).episodes[1].title == read


@pytest.mark.parametrize(
    ("description", "read"),
    [
        ("5 < 6 & 7 > 3", "5 < 6 & 7 > 3"),
        ("we <3 bread", "we <3 bread"),
        ("E = mc2 and <b>a=b</i>", "E = mc2 and a=b"),
        ("one <br> two <img src=x> three", "one\ntwo three"),
        ("one <hr width=9/>two</x> three", "one\ntwo three"),
    ],
)
def test_words_of_damaged_text_are_kept(description: str, read: str) -> None:
    body = rss(item(1, f"<description>{description}</description>"), item(2))
    first, second = parse_feed(body.encode(), FEED).episodes
    assert (first.description, second.description) == (read, None)


def test_attributes_without_quotes_are_read() -> None:
    tag = "<enclosure url=https://a.example/9.mp3 type='audio/mpeg'length=9/>"
    body = rss(f"<item><guid>g9</guid>{tag}{TRANSCRIPTS.format(n=9)}</item>")
    [episode] = parse_feed(body.encode(), FEED).episodes
    assert (episode.audio_url, episode.audio_bytes) == ("https://a.example/9.mp3", 9)
    assert len(episode.transcripts) == 2


def test_of_an_item_that_was_cut_off_only_whole_tags_are_read() -> None:
    whole = rss(item(1), item(2))
    inside = whole.index("https://t.example/2.html") + 12
    feed = parse_feed(whole[:inside].encode(), FEED)
    assert [[t["url"] for t in e.transcripts] for e in feed.episodes] == [
        ["https://t.example/1.vtt", "https://t.example/1.html"],
        ["https://t.example/2.vtt"],
    ]
    before_guid = whole[: whole.index("g2") + 1]  # "g" would be another guid
    feed = parse_feed(before_guid.encode(), FEED)
    assert [e.guid for e in feed.episodes] == ["g1"]
    assert [p.reason for p in feed.problems] == ["malformed_xml"]


@pytest.mark.parametrize(
    ("charset", "header", "title"),
    [
        ("gb2312", "", "面包时间"),
        ("windows-1251", "", "Час хлеба"),
        ("koi8-r", "", "Час хлеба"),
        ("shift_jis", "", "パンの時間"),
        ("utf-16", "", "Küche"),
        ("utf-8", "text/xml; charset=iso-8859-1", "Küche"),
        ("", "text/xml; charset=iso-8859-1", "Küche für Anfänger"),
        ("", 'application/rss+xml; charset="windows-1251"', "Час хлеба"),
        ("utf-8", "text/xml; charset=koi8-r", "Час хлеба"),
    ],
)
def test_the_declared_charset_is_read_without_damage(charset: str, header: str, title: str) -> None:
    text = rss(item(1)).replace("Bäckerei", title)
    by_header = re.search(r'charset="?([\w-]+)', header)
    is_utf8 = charset == "utf-8" and "iso" in header
    codec = "utf-8" if is_utf8 else by_header[1] if by_header else charset
    body = (declared(charset, text) if charset else text).encode(codec)
    feed = parse_feed(body, FEED, content_type=header)
    assert (feed.show_title, len(feed.episodes[0].transcripts)) == (title, 2)
    assert feed.problems == []


def test_no_document_type_reaches_the_parser_and_no_entity_is_expanded() -> None:
    inside = rss(item(1, '<x><!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;</x>'))
    [episode] = parse_feed(inside.encode(), FEED).episodes
    assert "root:" not in repr(episode)


def test_credentials_are_in_no_value_and_no_payload() -> None:
    private = 'url="https://ann:s3cret@a.example/1.mp3" href="https://ann:s3cret@a.example/1"'
    body = rss(
        f"<item><guid>https://ann:s3cret@a.example/1</guid><link>https://ann:s3cret@a.example/</link>"
        f"<enclosure {private}/><itunes:image {private}/><podcast:transcript {private}/></item>",
        f"<item><x {private}/></item>",
        "<item><guid>g & </guid></item>",
    )
    for charset in ("utf-8", "utf-16"):
        feed = parse_feed(body.encode(charset), FEED)
        assert [p.reason for p in feed.problems] == ["malformed_xml", "no_identity"]
        assert feed.episodes[0].audio_url == "https://a.example/1.mp3"
        assert feed.episodes[0].transcripts[0]["url"] == "https://a.example/1.mp3"
        letters = [
            dead_letter(date(2026, 1, 2), "sources", p.source_key, p.reason, p.detail, p.payload)
            for p in feed.problems
        ]
        assert "s3cret" not in f"{feed.episodes}{letters}"
        assert not any(b"s\0003\0c" in letter["payload"] for letter in letters)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', "is a JSON Feed"),
        (b'[{"a": 1}]', "is JSON"),
        (b"<!DOCTYPE html><p>hi", "is a web page"),
        (b"<html><body><rss></rss></body></html>", "is a web page"),
    ],
)
def test_what_is_something_else_is_named(body: bytes, message: str) -> None:
    with pytest.raises(UnusableInputError, match=message):
        parse_feed(body, FEED)


def usable(body: bytes) -> Feed | None:
    try:
        return parse_feed(body, FEED)
    except UnusableInputError:
        return None


SAMPLES = [
    WHOLE.encode(),
    declared("windows-1251", rss(item(1), item(2)).replace("Bä", "Час")).encode("windows-1251"),
    rss(item(1, "<description><![CDATA[<p>a & b</p>]]></description>"), item(2)).encode("utf-16"),
    (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>Ä</title><entry><id>1</id><title>T'
        '</title><link rel="enclosure" href="/a.mp3"/><updated>2026-01-02T03:04:05Z</updated>'
        "</entry></feed>"
    ).encode(),
]
PIECES = [
    b"<", b">", b"&", b'"', b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<item>", b"</item>", b"\0",
    b"\xff", b"\xef\xbb\xbf", b"<!DOCTYPE x [", b"&#55358;", b"&nbsp;", b"<?", b"</channel></rss>",
]  # fmt: skip


@given(
    st.sampled_from(SAMPLES),
    st.lists(
        st.tuples(
            st.floats(0, 1), st.integers(0, 60), st.sampled_from(PIECES) | st.binary(max_size=4)
        ),
        min_size=1,
        max_size=4,
    ),
)
@settings(max_examples=60, deadline=None)
def test_any_mutation_is_read_or_refused_for_a_reason(
    body: bytes, changes: list[tuple[float, int, bytes]]
) -> None:
    for place, length, piece in changes:
        at = int(place * len(body))
        body = body[:at] + piece + body[at + length :]
    feed = usable(body)
    assert feed is None or "\ufffd" not in repr([(e.title, e.description) for e in feed.episodes])


@given(st.floats(0, 1), st.sampled_from(PIECES) | st.binary(max_size=8), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_items_before_the_damage_are_kept(place: float, piece: bytes, length: int) -> None:
    before = rss(item(1), item(2)).encode().removesuffix(b"</channel></rss>")
    after = (item(3) + "</channel></rss>").encode()
    at = int(place * len(after))
    feed = usable(before + after[:at] + piece + after[at + length :])
    if b"\0" in piece or piece.startswith(b"<!DOCTYPE"):
        return
    assert feed is not None
    assert {"g1", "g2"} <= {e.guid for e in feed.episodes}


@pytest.mark.parametrize(
    ("name", "titles", "damaged", "transcripts"),
    [
        ("C05", ["T1", "T2"], True, 2),
        ("C06", ["T1", "T2"], True, 2),
        ("C07", ["T1"], False, 2),
        ("C07_cp1251", ["T1"], False, 2),
        ("C08", ["T1"], False, 2),
        ("C33", ["T1"], True, 2),
        ("C36", ["T1"], True, 2),
        ("E14b", ["Bread only here"], False, 0),
        ("E4_bom", ["T1"], False, 2),
        ("E4_bomnl", ["T1"], False, 2),
        ("E4_ctrl", ["T1"], True, 2),
        ("E4_cut", ["T1", "T2"], True, 2),
        ("E4_doublebom", ["T1"], True, 2),
        ("E4_junkafter", ["T1"], True, 2),
        ("E4_phpwarn", ["T1"], True, 2),
        ("F2_surr", ["T1", "T2", "T3"], True, 0),
        ("F3_surr_title", ["T1", "Baking 🥶"], True, 0),
    ],
)
def test_reported_feeds_are_read(
    shared_data: Path, name: str, titles: list[str], damaged: bool, transcripts: int
) -> None:
    body = (shared_data / "field" / "content" / f"{name}.xml").read_bytes()
    header = "text/xml; charset=iso-8859-1" if name == "C08" else "text/xml"
    feed = parse_feed(body, FEED, content_type=header)
    assert [e.title for e in feed.episodes] == titles
    assert [p.reason for p in feed.problems] == ["malformed_xml"] * damaged
    assert len(feed.episodes[0].transcripts) == transcripts
    expected = {
        "C07": "面包时间", "C07_cp1251": "Час хлеба", "C08": "Küche für Anfänger", "C36": "Küche"
    }  # fmt: skip
    assert feed.show_title == expected.get(name, "Bread hour")
