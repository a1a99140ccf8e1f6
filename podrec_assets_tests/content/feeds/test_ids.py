"""Ids stay the same across polls, addresses and mirrors, and differ where content does."""

from datetime import UTC, datetime

import pytest

from podrec_assets.content.feeds.ids import (
    audio_key,
    episode_id,
    feed_key,
    mirror_keys,
    reused_guid_id,
    show_id,
)

AUDIO = "https://cdn.example/shows/7/episode.mp3"


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("http://cdn.example/shows/7/episode.mp3", id="http"),
        pytest.param("https://CDN.example/shows/7/episode.mp3", id="host in capitals"),
        pytest.param(" https://cdn.example/shows/7/episode.mp3\n", id="spaces around"),
        pytest.param(
            "https://dts.podtrac.com/redirect.mp3/cdn.example/shows/7/episode.mp3", id="podtrac"
        ),
        pytest.param(
            "https://pdst.fm/e/chrt.fm/track/ABC/cdn.example/shows/7/episode.mp3", id="two trackers"
        ),
        pytest.param(
            "https://op3.dev/e/https://cdn.example/shows/7/episode.mp3", id="op3 with a scheme"
        ),
        pytest.param(
            "https://op3.dev/e,pg=1/https:/cdn.example/shows/7/episode.mp3",
            id="one slash after the scheme",
        ),
        pytest.param(
            "https://op3.dev/e/https%3A%2F%2Fcdn.example%2Fshows%2F7%2Fepisode.mp3", id="quoted"
        ),
        pytest.param(
            "https://cdn.example/shows/7/episode.mp3?utm_source=x&aw_0_1st=2&source=feed",
            id="tracking parameters",
        ),
        pytest.param("https://cdn.example/shows/7/episode.mp3#t=30", id="fragment"),
    ],
)
def test_one_audio_file_has_one_key_behind_any_tracker(address: str) -> None:
    assert audio_key(address) == "cdn.example/shows/7/episode.mp3"


def test_a_parameter_that_names_the_file_stays_in_the_key() -> None:
    assert audio_key("https://cdn.example/get?id=7&utm_medium=rss") == "cdn.example/get?id=7"
    assert audio_key("https://cdn.example/get?id=7") != audio_key("https://cdn.example/get?id=8")


def test_a_host_that_only_ends_like_a_tracker_is_no_tracker() -> None:
    assert (
        audio_key("https://notpodtrac.com/x/cdn.example/a.mp3")
        == "notpodtrac.com/x/cdn.example/a.mp3"
    )


@pytest.mark.parametrize("address", [None, ""])
def test_no_address_has_the_empty_key(address: str | None) -> None:
    assert audio_key(address) == ""


def test_an_invalid_address_behind_a_tracker_is_still_a_key() -> None:
    assert audio_key("https://dts.podtrac.com/redirect.mp3/https://[bad/a.mp3") == "[bad/a.mp3"


@pytest.mark.parametrize(
    "address",
    [
        "https://Show.Example/feed",
        "http://show.example/feed/",
        "https://show.example:443/feed",
        "http://show.example:80/feed#top",
        " https://user:secret@show.example/feed ",
    ],
)
def test_a_feed_keeps_its_key_and_show_when_scheme_or_port_change(address: str) -> None:
    assert feed_key(address) == "show.example/feed"
    assert show_id(None, address) == show_id("", "https://show.example/feed")


@pytest.mark.parametrize(
    "address",
    [
        "https://show.example/feed?id=2",
        "https://show.example:8080/feed",
        "https://show.example/other",
        "https://example/feed",
    ],
)
def test_another_feed_is_another_show(address: str) -> None:
    assert show_id(None, address) != show_id(None, "https://show.example/feed")


def test_a_podcast_guid_wins_over_the_address() -> None:
    assert show_id(" ABC-1 ", "https://old.example/feed") == show_id(
        "abc-1", "https://new.example/rss"
    )
    assert show_id("abc-1", "https://old.example/feed") != show_id(
        "abc-2", "https://old.example/feed"
    )


def test_ids_are_a_letter_and_fifteen_hex_digits_and_never_change() -> None:
    assert show_id(None, "https://show.example/feed") == "sccf209757c80908"
    assert episode_id("s1", "guid-1", AUDIO) == "e81ff61a629b47cb"
    assert reused_guid_id("s1", "guid-1", AUDIO) == "ed287147392dc3f8"


def test_an_episode_is_its_guid_whatever_else_changes() -> None:
    first = episode_id("s1", "guid-1", AUDIO, "https://show.example/1", "One")
    assert episode_id("s1", " guid-1 ", "https://cdn.example/other.mp3", None, "Two") == first
    assert episode_id("s2", "guid-1", AUDIO, "https://show.example/1", "One") != first
    assert episode_id("s1", "guid-2", AUDIO, "https://show.example/1", "One") != first


def test_without_a_guid_the_enclosure_then_link_then_title_identify_an_episode() -> None:
    tracked = "http://pdst.fm/e/cdn.example/shows/7/episode.mp3"
    assert episode_id("s1", None, AUDIO, "https://show.example/1", "One") == episode_id(
        "s1", " ", tracked, None, "Two"
    )
    assert episode_id("s1", None, None, "https://show.example/1", "One") == episode_id(
        "s1", "", "", "https://show.example/1"
    )
    assert episode_id("s1", None, None, None, "One") != episode_id("s1", None, None, None, "Two")
    assert episode_id("s1", None, None, None, "One") != episode_id("s1", "One", None)
    assert episode_id("s1", "", None, " ", "") is None


def test_a_reused_guid_has_an_id_of_its_own_for_each_enclosure() -> None:
    ids = {
        reused_guid_id("s1", "guid-1", AUDIO),
        reused_guid_id("s1", "guid-1", "https://cdn.example/b.mp3"),
    }
    assert len(ids | {episode_id("s1", "guid-1", AUDIO)}) == 3
    assert reused_guid_id("s1", " guid-1", AUDIO) == reused_guid_id(
        "s1", "guid-1", AUDIO.replace("https", "http")
    )


def test_mirrors_share_the_file_or_guid_title_and_time() -> None:
    at = datetime(2026, 2, 2, tzinfo=UTC)
    assert mirror_keys(
        "7", "Seven", None, "http://pdst.fm/e/cdn.example/shows/7/episode.mp3"
    ) == mirror_keys("8", "x", None, AUDIO)
    assert set(mirror_keys(" 7", "Seven ", at, None)) & set(mirror_keys("7", "SEVEN", at, AUDIO))
    for other in (
        ("8", "Seven", at),
        ("7", "Eight", at),
        ("7", "Seven", at.replace(hour=1)),
        (None, "Seven", at),
    ):
        guid, title, published_at = other
        keys = mirror_keys(guid, title, published_at, None)
        assert not set(mirror_keys("7", "Seven", at, None)) & set(keys)
    assert mirror_keys("7", None, at, "") == []
