"""Items of feeds become announcements; an unusable item affects no other item."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from podrec_assets.content.feeds.feed_values import duration_seconds, primary_subtag
from podrec_assets.content.feeds.rss import parse_feed
from podrec_assets.errors import UnusableInputError

FEED = "https://show.example/feeds/one.xml"
HEAD = """<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
 xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel><title>Show</title><language>en-GB</language>"""
TAIL = "</channel></rss>"


def item(number: int = 1, more: str = "") -> str:
    return f"<item><title>T{number}</title><guid>g{number}</guid>{more}</item>"


def rss(*items: str, channel: str = "") -> bytes:
    return (HEAD + channel + "".join(items) + TAIL).encode()


def audio(name: str, kind: str = "audio/mpeg", length: str = "9") -> str:
    return f'<enclosure url="https://cdn.example/{name}" type="{kind}" length="{length}"/>'


def test_an_item_without_identity_is_a_problem_with_its_payload_and_the_others_stay() -> None:
    feed = parse_feed(
        rss(item(1), "<item><description>Who am I?</description></item>", item(2)), FEED
    )
    assert [e.title for e in feed.episodes] == ["T1", "T2"]
    [problem] = feed.problems
    assert (problem.reason, problem.source_key) == ("no_identity", f"{FEED}#item-2")
    assert problem.payload == b"<item><description>Who am I?</description></item>"


def test_a_guid_repeated_with_its_enclosure_counts_once() -> None:
    tracked = audio("a.mp3").replace("https://cdn", "http://pdst.fm/e/cdn")
    feed = parse_feed(rss(item(1, audio("a.mp3")), item(2), item(1, tracked)), FEED)
    assert [e.title for e in feed.episodes] == ["T1", "T2"]
    assert [p.reason for p in feed.problems] == ["duplicate_item"]
    assert "repeats guid 'g1'" in feed.problems[0].detail


def test_of_a_reused_guid_the_earlier_published_item_keeps_the_id_wherever_it_stands() -> None:
    old = item(1, audio("old.mp3") + "<pubDate>Mon, 02 Feb 2026 10:00:00 +0100</pubDate>")
    new = item(1, audio("new.mp3") + "<pubDate>Tue, 03 Feb 2026 10:00:00 +0100</pubDate>")
    alone = parse_feed(rss(old), FEED).episodes[0].episode_id
    for order in ((old, new), (new, old)):
        feed = parse_feed(rss(*order), FEED)
        ids = {e.audio_url: e.episode_id for e in feed.episodes}
        assert (len(ids), feed.problems) == (2, [])
        assert ids["https://cdn.example/old.mp3"] == alone != ids["https://cdn.example/new.mp3"]


def test_an_episode_keeps_its_id_when_its_feed_moves_and_its_guid_is_relative() -> None:
    body = rss(item(1, audio("a.mp3")), channel="<podcast:guid>abc</podcast:guid>")
    [here], [there] = (parse_feed(body, url).episodes for url in (FEED, "http://new.example/rss"))
    assert (here.guid, here.episode_id) == ("g1", there.episode_id)


def test_a_live_item_is_no_episode_and_changes_nothing_of_the_show() -> None:
    live = (
        "<podcast:liveItem><title>Live now</title><guid>live</guid><link>https://live.example/</link>"
        '<itunes:image href="https://live.example/i.png"/><image><url>https://live.example/j.png</url></image></podcast:liveItem>'
    )
    own = '<link>https://show.example/</link><itunes:image href="https://show.example/i.png"/>'
    for channel in (own + live, live + own):
        feed = parse_feed(rss(item(), channel=channel), FEED)
        assert (feed.show_title, feed.link, feed.image_url) == (
            "Show",
            "https://show.example/",
            "https://show.example/i.png",
        )
        assert [e.title for e in feed.episodes] == ["T1"]


def test_the_first_readable_date_of_an_item_counts() -> None:
    dates = (
        "<pubDate>soon</pubDate><pubDate>Mon, 02 Feb 2026 10:00 +0100</pubDate>"
        "<atom:updated xmlns:atom='http://www.w3.org/2005/Atom'>2026-03-01T00:00:00Z</atom:updated>"
    )
    [dated, bare] = parse_feed(rss(item(1, dates), item(2)), FEED).episodes
    assert (dated.published_at, bare.published_at) == (datetime(2026, 2, 2, 9, tzinfo=UTC), None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3600", 3600), ("61.5", 61.5), ("02:03", 123), ("1:02:03", 3723), (" 90 ", 90),
        ("00:63:10", 3790), ("1:02:03:00", 3723), ("1:2:3:4", 3723), ("1:02:03.5", 3723.5),
        ("3,600", 3600), ("1,003,600", 1003600), ("61,5", 61.5), ("1h", 3600), ("1h2m", 3720),
        ("1h 2m 3s", 3723), ("1h02", 3720), ("1 hr 2 mins", 3720), ("1 hour, 2 minutes", 3720),
        ("1 hour and 2 min.", 3720), ("45 min", 2700), ("45 Minutes", 2700), ("90 sec", 90),
        ("1.5 hours", 5400), ("PT1H2M3S", 3723), ("PT45M", 2700), ("45'", 2700),
        ("02:03 min", 123), ("1:02:03 hrs", 3723), ("90s", 90),
    ]
    + [
        (bad, None)
        for bad in (
            "", None, "0", "00:00", "0s", "-5", "-1:00", "nan", "inf", "99999999", "1::2", "1e3",
            "h", "long", "3 600", "about 5 min", "5 min 5 h", "1:02:", "9" * 99,
        )
    ],
)  # fmt: skip
def test_a_duration_is_seconds_or_nothing(text: str | None, expected: float | None) -> None:
    assert duration_seconds(text) == expected


def test_numbers_out_of_range_are_left_out() -> None:
    huge = (
        "<itunes:season>2147483648</itunes:season><itunes:episode>"
        "99999999999999999999</itunes:episode>"
    )
    [big, small] = parse_feed(
        rss(
            item(1, huge + audio("a.mp3", length="9" * 30)),
            item(
                2,
                "<itunes:season>2</itunes:season><itunes:episode>-1</itunes:episode>"
                + audio("b.mp3", length="12345"),
            ),
        ),
        FEED,
    ).episodes
    assert (big.season, big.episode_number, big.audio_bytes) == (None, None, None)
    assert (small.season, small.episode_number, small.audio_bytes) == (2, None, 12345)


@pytest.mark.parametrize(
    "scheme",
    ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://a.example/a.mp3"],
)
def test_only_http_addresses_are_kept(scheme: str) -> None:
    links = (
        f'<link>{scheme}</link><enclosure url="{scheme}" type="audio/mpeg"/><itunes:image '
        f'href="{scheme}"/>'
    )
    [episode] = parse_feed(
        rss(item(1, f'{links}<podcast:transcript url="{scheme}" type="text/vtt"/>')), FEED
    ).episodes
    assert (episode.link, episode.audio_url, episode.image_url, episode.transcripts) == (
        None,
        None,
        None,
        (),
    )


def test_relative_addresses_are_joined_to_the_address_that_answered_and_ids_are_not() -> None:
    more = (
        '<link>1.html</link><enclosure url="ep/1.mp3"/><podcast:transcript url="/1.vtt"/>'
        '<itunes:image href="i.png"/>'
    )
    answered = "https://new.example/new/place/feed"
    [there] = parse_feed(rss(item(1, more)), FEED, answered).episodes
    [here] = parse_feed(rss(item(1, more)), FEED).episodes
    assert (there.link, there.audio_url, there.transcripts[0]["url"], there.image_url) == (
        "https://new.example/new/place/1.html",
        "https://new.example/new/place/ep/1.mp3",
        "https://new.example/1.vtt",
        "https://new.example/new/place/i.png",
    )
    assert (there.episode_id, there.show_id, there.feed_url) == (
        here.episode_id,
        here.show_id,
        FEED,
    )


@pytest.mark.parametrize(
    ("root", "own", "expected"),
    [
        ("https://x.example/a/", "", "https://x.example/a/1.mp3"),
        ("a/", "", "https://show.example/feeds/a/1.mp3"),
        ("/a/", "b/", "https://show.example/a/b/1.mp3"),
        ("", "https://y.example/", "https://y.example/1.mp3"),
        ("http://[", "", "https://show.example/feeds/1.mp3"),
        ("file:///etc/", "", None),
    ],
)
def test_relative_addresses_are_joined_to_xml_base(
    root: str, own: str, expected: str | None
) -> None:
    body = (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="{root}"><title>S</title>'
        f'<entry xml:base="{own}"><id>1</id><link rel="enclosure" href="1.mp3"/></entry></feed>'
    )
    assert parse_feed(body.encode(), FEED).episodes[0].audio_url == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("<itunes:title>Only here</itunes:title>", "Only here"),
        ("<itunes:title>Short</itunes:title><title>Long</title>", "Long"),
        ("<title> </title><itunes:title>Short</itunes:title>", "Short"),
        ("", "Untitled episode"),
    ],
)
def test_a_title_is_the_items_own_or_that_of_itunes(tags: str, expected: str) -> None:
    body = rss(f"<item><guid>g</guid>{tags}</item>")
    assert parse_feed(body, FEED).episodes[0].title == expected


def test_an_rdf_feed_is_read() -> None:
    body = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns="http://purl.org/rss/1.0/">
    <channel rdf:about="https://show.example/"><title>Show</title><dc:language>fr</dc:language>
    <items><rdf:Seq><rdf:li resource="x"/></rdf:Seq></items></channel>
    <item rdf:about="urn:1"><title>T</title><link>https://show.example/1</link>
    <dc:date>2026-01-02</dc:date></item></rdf:RDF>"""
    feed = parse_feed(body, FEED)
    [episode] = feed.episodes
    assert (feed.show_title, feed.language, feed.problems) == ("Show", "fr", [])
    assert (episode.guid, episode.title, episode.link) == ("urn:1", "T", "https://show.example/1")
    assert episode.published_at == datetime(2026, 1, 2, tzinfo=UTC)


def test_a_feed_names_its_new_address_and_its_next_page() -> None:
    channel = (
        "<itunes:new-feed-url> https://new.example/feed </itunes:new-feed-url>"
        '<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="next" href="?page=2"/>'
    )
    feed = parse_feed(rss(item(), channel=channel), FEED)
    assert (feed.new_url, feed.next_url) == ("https://new.example/feed", FEED + "?page=2")
    plain = parse_feed(rss(item()), FEED)
    assert (plain.new_url, plain.next_url) == (None, None)


def test_relative_addresses_are_joined_to_the_feeds() -> None:
    more = (
        '<link>../1</link><enclosure url="/a.mp3" type="audio/mpeg"/><podcast:transcript '
        'url="a.vtt" type="TEXT/VTT"/>'
    )
    [episode] = parse_feed(rss(item(1, more)), FEED).episodes
    assert (episode.link, episode.audio_url) == (
        "https://show.example/1",
        "https://show.example/a.mp3",
    )
    assert episode.transcripts == (
        {
            "url": "https://show.example/feeds/a.vtt",
            "type": "text/vtt",
            "language": None,
            "rel": None,
        },
    )


def test_all_transcript_tags_of_an_item_are_kept_each_address_once() -> None:
    tags = (
        '<podcast:transcript url="https://t.example/a.vtt" type="text/vtt" language="en-US" '
        'rel="captions"/>'
        '<podcast:transcript url="https://t.example/a.json" type="application/json"/>'
        '<podcast:transcript url="https://t.example/a.vtt" type="text/plain"/>'
        '<podcast:transcript type="text/vtt"/>'
    )
    [episode] = parse_feed(rss(item(1, tags)), FEED).episodes
    assert episode.transcripts == (
        {"url": "https://t.example/a.vtt", "type": "text/vtt", "language": "en", "rel": "captions"},
        {
            "url": "https://t.example/a.json",
            "type": "application/json",
            "language": None,
            "rel": None,
        },
    )


def test_a_picture_enclosure_is_not_the_audio() -> None:
    [episode] = parse_feed(
        rss(item(1, audio("cover.jpg", "image/jpeg") + audio("a.mp3", "Audio/MPEG"))), FEED
    ).episodes
    assert (episode.audio_url, episode.audio_type, episode.audio_bytes) == (
        "https://cdn.example/a.mp3",
        "audio/mpeg",
        9,
    )


def test_audio_is_found_in_media_rss() -> None:
    media = 'xmlns:media="http://search.yahoo.com/mrss/"'
    one = f'<media:content {media} url="/a.mp3" type="audio/mpeg" fileSize="9"/>'
    parts = (
        '<media:content url="/b.jpg" medium="image"/><media:content url="/b.mp3" medium="audio"/>'
    )
    two = f"<media:group {media}>{parts}</media:group>"
    episodes = parse_feed(
        rss(item(1, one), item(2, two), item(3, one + audio("c.mp3"))), FEED
    ).episodes
    assert [(e.audio_url, e.audio_type, e.audio_bytes) for e in episodes] == [
        ("https://show.example/a.mp3", "audio/mpeg", 9),
        ("https://show.example/b.mp3", None, None),
        ("https://cdn.example/c.mp3", "audio/mpeg", 9),
    ]


def test_markup_and_scripts_are_removed_from_titles_and_descriptions() -> None:
    more = (
        "<description><![CDATA[<p>One <b>two</b></p><script>alert(1)</script><p>three &amp; "
        "four</p>]]></description>"
    )
    [episode] = parse_feed(rss(item(1, more)), FEED).episodes
    assert episode.description == "One two\nthree & four"


def test_an_atom_feed_is_read() -> None:
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de-AT">
    <title>Show</title><logo>/logo.png</logo>
    <entry><id>urn:1</id><title>A</title>
    <updated>2026-01-02T03:04:05Z</updated>
    <link rel="enclosure" href="/a.mp3" type="audio/mpeg" length="7"/></entry></feed>"""
    [episode] = parse_feed(body, FEED).episodes
    assert (episode.guid, episode.title, episode.audio_url, episode.audio_bytes) == (
        "urn:1",
        "A",
        "https://show.example/a.mp3",
        7,
    )
    assert episode.published_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (episode.language, episode.image_url) == ("de", "https://show.example/logo.png")


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en-US", "en"),
        ("DE_at", "de"),
        (" fr ", "fr"),
        ("english", None),
        ("", None),
        (None, None),
        ("x", None),
    ],
)
def test_a_language_is_its_primary_subtag(tag: str | None, expected: str | None) -> None:
    assert primary_subtag(tag) == expected


@pytest.mark.parametrize(
    ("name", "title", "language"),
    [
        ("dk-podcast", "Langsam gesprochene Nachrichten | Audios | DW Deutsch lernen", "de"),
        ("launched", "Launched", "en"),
        ("pc20rss", "Podcasting 2.0", "en"),
        ("podcast-namespace-example", "Podcasting 2.0 Namespace Example", "en"),
        ("podverse-test-feed", "Podverse - Test Feed", "en"),
        ("sentimental-garbage", "Sentimental Garbage", "en"),
        ("themnshow", "The Mike Neumann Show", "en"),
    ],
)
def test_every_item_of_a_real_feed_is_an_episode_with_all_its_transcripts(
    shared_data: Path, name: str, title: str, language: str
) -> None:
    body = (shared_data / "feeds" / f"{name}.xml").read_bytes()
    feed = parse_feed(body, FEED)
    assert (feed.show_title, feed.language) == (title, language)
    assert (
        len(feed.episodes)
        == len({e.episode_id for e in feed.episodes})
        == len(re.findall(rb"<item[ >]", body))
    )
    assert sum(len(e.transcripts) for e in feed.episodes) == len(
        re.findall(rb"<podcast:transcript\s", body)
    )
    assert all(e.published_at and e.audio_url for e in feed.episodes)


@pytest.mark.parametrize(
    ("name", "reason"), [("empty.xml", "empty_feed"), ("epic-web.pdf", "not_a_feed")]
)
def test_a_real_address_without_episodes_is_refused(
    shared_data: Path, name: str, reason: str
) -> None:
    with pytest.raises(UnusableInputError) as refused:
        parse_feed((shared_data / "feeds" / name).read_bytes(), FEED)
    assert refused.value.reason == reason
