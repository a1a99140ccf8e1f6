"""One feed over loopback HTTP: its charset, its new address and its pages, within bounds."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from podrec_assets.content.feeds.rss import Feed
from podrec_assets.content.feeds.source import Source, new_source
from podrec_assets.errors import UnusableInputError
from podrec_assets.pipelines.content import feed_reading
from podrec_assets.pipelines.content.feed_reading import read_feed
from podrec_assets.settings import Settings
from podrec_assets.stores.http.client import Fetched, Fetcher
from podrec_assets_tests.loopback import Server, reply

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def rss(*numbers: int, channel: str = "", title: str = "Show") -> bytes:
    items = "".join(f"<item><guid>g{n}</guid><title>T{n}</title></item>" for n in numbers)
    return (
        '<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
        'xmlns:atom="http://www.w3.org/2005/Atom" '
        'xmlns:podcast="https://podcastindex.org/namespace/1.0">'
        f"<channel><title>{title}</title>{channel}{items}</channel></rss>"
    ).encode()


def moved(url: str) -> str:
    return f"<itunes:new-feed-url>{url}</itunes:new-feed-url>"


def next_page(url: str) -> str:
    return f'<atom:link rel="next" href="{url}"/>'


def read(
    server: Server, path: str, source: Source | None = None, **settings: float
) -> tuple[Fetched, Feed]:
    origin, _ = server
    followed = source or new_source(f"http://{origin}/{path}", NOW)
    limits = Settings(**settings)  # type: ignore[arg-type]
    fetched, feed = read_feed(
        Fetcher(frozenset({origin}), 5, 1_000_000), limits, followed, (None, None)
    )
    assert feed is not None
    return fetched, feed


def guids(feed: Feed) -> list[str | None]:
    return [e.guid for e in feed.episodes]


def reasons(feed: Feed) -> list[str]:
    return [p.reason for p in feed.problems]


def test_the_charset_of_the_header_is_used(server: Server) -> None:
    body = rss(1, title="Küche für Anfänger").decode().encode("latin-1")
    server[1]["/f"] = reply(body, Content_Type="text/xml; charset=iso-8859-1")
    _, feed = read(server, "f")
    assert (feed.show_title, feed.problems) == ("Küche für Anfänger", [])


def test_a_gzip_file_is_a_feed(server: Server) -> None:
    server[1]["/f.xml.gz"] = reply(gzip.compress(rss(1)), Content_Type="application/gzip")
    assert guids(read(server, "f.xml.gz")[1]) == ["g1"]


def test_relative_addresses_follow_the_redirect_and_ids_do_not(server: Server) -> None:
    origin, answers = server
    body = rss().replace(
        b"</channel>", b'<item><enclosure url="1.mp3"/><guid>g</guid></item></channel>'
    )
    answers["/old/feed"] = reply(status=301, Location="/new/place/feed")
    answers["/new/place/feed"] = answers["/old/direct"] = reply(body)
    [there], [direct] = (read(server, p)[1].episodes for p in ("old/feed", "old/direct"))
    assert there.audio_url == f"http://{origin}/new/place/1.mp3"
    assert there.feed_url == f"http://{origin}/old/feed"
    answers["/old/feed"] = reply(body)
    [unmoved] = read(server, "old/feed")[1].episodes
    assert (unmoved.episode_id, unmoved.show_id) == (there.episode_id, there.show_id)
    assert unmoved.audio_url == f"http://{origin}/old/1.mp3" == direct.audio_url


def test_a_new_feed_url_is_followed_and_ids_stay(server: Server) -> None:
    origin, answers = server
    answers["/old"] = reply(rss(1, channel=moved(f"http://{origin}/new")))
    answers["/new"] = reply(rss(1, 2, channel=moved(f"http://{origin}/new")), ETag='"2"')
    fetched, feed = read(server, "old")
    assert (fetched.moved_to, fetched.etag, guids(feed)) == (
        f"http://{origin}/new",
        '"2"',
        ["g1", "g2"],
    )
    assert {e.feed_url for e in feed.episodes} == {f"http://{origin}/old"}
    assert feed.problems == []


@pytest.mark.parametrize("target", ["/absent", "/page", "file:///etc/passwd", "http://10.0.0.1/"])
def test_a_new_feed_url_that_is_no_feed_is_reported_and_the_old_one_is_read(
    server: Server, target: str
) -> None:
    origin, answers = server
    url = f"http://{origin}{target}" if target.startswith("/") else target
    answers["/page"] = reply(b"<html></html>")
    answers["/old"] = reply(rss(1, channel=moved(url)), ETag='"1"')
    fetched, feed = read(server, "old")
    is_web = url.startswith("http")
    assert (fetched.moved_to, fetched.etag, guids(feed)) == (
        None,
        None if is_web else '"1"',
        ["g1"],
    )
    assert reasons(feed) == ["new_address_unusable"] * is_web
    assert all(url in p.detail for p in feed.problems)


def test_two_feeds_that_name_each_other_are_not_followed_in_circles(server: Server) -> None:
    origin, answers = server
    answers["/a"] = reply(rss(1, channel=moved(f"http://{origin}/b")))
    answers["/b"] = reply(rss(1, 2, channel=moved(f"http://{origin}/a")))
    source = new_source(f"http://{origin}/a", NOW)
    fetched, _ = read(server, "a", source)
    assert fetched.moved_to == f"http://{origin}/b"
    at_b = Source(**{**vars(source), "moved_to": fetched.moved_to})
    fetched, feed = read(server, "a", at_b)
    assert (fetched.moved_to, guids(feed), reasons(feed)) == (None, ["g1", "g2"], [])


def test_all_pages_are_read_and_an_episode_on_two_of_them_counts_once(server: Server) -> None:
    _, answers = server
    answers["/f"] = reply(rss(4, 3, channel=next_page("?page=2")), ETag='"1"')
    answers["/f?page=2"] = reply(rss(3, 2, channel=next_page("?page=3")))
    answers["/f?page=3"] = reply(rss(1))
    fetched, feed = read(server, "f")
    assert (guids(feed), reasons(feed)) == (["g4", "g3", "g2", "g1"], [])
    assert fetched.etag == '"1"'


@pytest.mark.parametrize("back", ["?page=2", "?page=1", "/f"])
def test_pages_in_a_circle_end(server: Server, back: str) -> None:
    _, answers = server
    answers["/f"] = reply(rss(2, channel=next_page("?page=2")))
    answers["/f?page=2"] = reply(rss(1, channel=next_page(back)))
    answers["/f?page=1"] = reply(rss(2, channel=next_page("?page=2")))
    _, feed = read(server, "f")
    assert (guids(feed), reasons(feed)) == (["g2", "g1"], [])


def test_pages_beyond_the_bound_are_reported_with_the_setting(server: Server) -> None:
    _, answers = server
    for n in range(1, 9):
        answers[f"/f?{n}"] = reply(rss(n, channel=next_page(f"?{n + 1}")), ETag='"1"')
    fetched, feed = read(server, "f?1", feed_pages=3)
    assert (guids(feed), reasons(feed)) == (["g1", "g2", "g3"], ["too_many_pages"])
    assert "PODREC_FEED_PAGES" in feed.problems[0].detail
    assert fetched.etag == '"1"'


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 503, "fetch_failed"),
        (b"", 404, "http_404"),
        (b"<html></html>", 200, "not_a_feed"),
        (rss(9, channel="<podcast:guid>another</podcast:guid>"), 200, "other_show"),
    ],
)
def test_a_page_that_fails_is_reported_and_asked_for_again(
    server: Server, body: bytes, status: int, reason: str
) -> None:
    _, answers = server
    answers["/f"] = reply(rss(2, channel=next_page("?page=2")), ETag='"1"')
    answers["/f?page=2"] = reply(body, status)
    fetched, feed = read(server, "f")
    assert (guids(feed), reasons(feed), fetched.etag) == (["g2"], [reason], None)


def test_an_empty_last_page_is_the_end(server: Server) -> None:
    _, answers = server
    answers["/f"] = reply(rss(2, channel=next_page("?page=2")), ETag='"1"')
    answers["/f?page=2"] = reply(rss())
    fetched, feed = read(server, "f")
    assert (guids(feed), reasons(feed), fetched.etag) == (["g2"], [], '"1"')


def test_a_feed_that_takes_too_long_is_refused_and_its_pages_are_left_out(server: Server) -> None:
    _, answers = server
    answers["/f"] = reply(rss(2, 1))
    with pytest.raises(UnusableInputError, match="PODREC_FEED_READ_S") as refused:
        read(server, "f", feed_read_s=1e-9)
    assert refused.value.reason == "too_slow"


def test_a_parser_that_fails_is_an_unusable_feed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server[1]["/f"] = reply(rss(1))
    monkeypatch.setattr(feed_reading, "parse_feed", lambda *_: 1 / 0)
    with pytest.raises(UnusableInputError, match="ZeroDivisionError") as refused:
        read(server, "f")
    assert refused.value.reason == "parser_failed"


def test_reported_feeds_are_read(server: Server, shared_data: Path) -> None:
    origin, answers = server
    folder = shared_data / "field" / "content"
    answers["/old/feed"] = reply(status=301, Location="/new/place/feed")
    answers["/new/place/feed"] = reply((folder / "C09.xml").read_bytes())
    [episode] = read(server, "old/feed")[1].episodes
    assert episode.audio_url == f"http://{origin}/new/place/ep/1.mp3"
    assert episode.transcripts[0]["url"] == f"http://{origin}/new/place/ep/1.vtt"
    answers["/moved"] = reply(
        (folder / "C29.xml")
        .read_bytes()
        .replace(b"https://new.example", f"http://{origin}".encode())
    )
    answers["/feed"] = reply(rss(7))
    assert guids(read(server, "moved")[1]) == ["g7"]
