"""Each change is announced once, under an id that stays the same."""

from datetime import UTC, datetime
from typing import Any

import pytest

from podrec_assets.content.feeds.change_detection import COLUMNS, AnnouncedEpisodes
from podrec_assets.content.feeds.episode_message import Announcement
from podrec_assets.content.feeds.rss import parse_feed

OLD, NEW = "https://show.example/feed.xml", "https://mirror.example/rss"
BOTH = {"show.example/feed.xml", "mirror.example/rss"}
FIRST, SECOND = "Mon, 02 Feb 2026 10:00:00 GMT", "Tue, 03 Feb 2026 10:00:00 GMT"


def item(guid: str, audio: str | None = None, title: str = "T", published: str = FIRST) -> str:
    enclosure = f'<enclosure url="https://cdn.example/{audio}" type="audio/mpeg"/>' if audio else ""
    identity = f"<guid>{guid}</guid>" if guid else ""
    return f"<item>{identity}<title>{title}</title><pubDate>{published}</pubDate>{enclosure}</item>"


def feed(url: str, *items: str, show: str = "Show") -> list[Announcement]:
    body = f'<rss version="2.0"><channel><title>{show}</title>{"".join(items)}</channel></rss>'
    return parse_feed(body.encode(), url).episodes


def news(
    announced: AnnouncedEpisodes, url: str, *items: str, living: set[str] = BOTH, show: str = "Show"
) -> list[tuple[str, str | None]]:
    return [
        (a.episode_id, a.audio_url)
        for a in announced.select_new(feed(url, *items, show=show), living)
    ]


def only(announced: AnnouncedEpisodes, url: str, *items: str, **more: Any) -> str:
    [(episode, _)] = news(announced, url, *items, **more)
    return episode


def test_an_episode_is_announced_once_and_again_when_it_changes() -> None:
    announced = AnnouncedEpisodes()
    first = only(announced, OLD, item("1", "a.mp3"))
    assert news(announced, OLD, item("1", "a.mp3")) == []
    assert only(announced, OLD, item("1", "a.mp3", "Mended")) == first
    assert news(announced, OLD, item("1", "a.mp3", "Mended"), item("2", "b.mp3")) != []


def test_a_changed_enclosure_is_a_new_version_of_the_same_episode() -> None:
    announced = AnnouncedEpisodes()
    first = only(announced, OLD, item("1", "a.mp3"))
    assert news(announced, OLD, item("1", "a-fixed.mp3")) == [
        (first, "https://cdn.example/a-fixed.mp3")
    ]


def test_the_same_file_in_another_feed_is_the_same_episode_and_not_announced_again() -> None:
    announced = AnnouncedEpisodes()
    first = only(announced, OLD, item("1", "a.mp3"))
    assert (
        news(announced, NEW, item("other-guid", "a.mp3", "Worded differently"), show="Mirror") == []
    )
    assert news(announced, OLD, item("1", "a.mp3")) == []
    assert announced.hashes.keys() == {first}


def test_the_same_guid_title_and_time_in_another_feed_is_the_same_episode() -> None:
    announced = AnnouncedEpisodes()
    only(announced, OLD, item("1", "a.mp3", "Seven"))
    assert news(announced, NEW, item("1", "elsewhere.mp3", "Seven")) == []
    assert news(announced, NEW, item("1", "other.mp3", "Eight")) != []


def test_a_mirror_takes_over_the_id_when_the_first_feed_is_unfollowed() -> None:
    announced = AnnouncedEpisodes()
    first = only(announced, OLD, item("1", "a.mp3"))
    assert (
        only(announced, NEW, item("1", "a.mp3", "Mended"), living={"mirror.example/rss"}) == first
    )
    assert news(announced, NEW, item("1", "a.mp3", "Mended"), living={"mirror.example/rss"}) == []


def test_a_reused_guid_keeps_its_two_ids_when_the_older_item_has_left_the_feed() -> None:
    announced = AnnouncedEpisodes()
    old, new = item("1", "a.mp3", "Old"), item("1", "b.mp3", "New", SECOND)
    ids = {audio: episode for episode, audio in news(announced, OLD, old, new)}
    assert len(ids) == 2
    changed = item("1", "b.mp3", "New, mended", SECOND)
    assert news(announced, OLD, changed) == [
        (ids["https://cdn.example/b.mp3"], "https://cdn.example/b.mp3")
    ]


def test_a_guid_stays_with_its_announced_file_when_dates_change() -> None:
    announced = AnnouncedEpisodes()
    first = only(announced, OLD, item("1", "a.mp3", published=SECOND))
    second = only(
        announced,
        OLD,
        item("1", "b.mp3", "Older by date", FIRST),
        item("1", "a.mp3", published=SECOND),
    )
    assert second != first
    assert (
        news(
            announced,
            OLD,
            item("1", "b.mp3", "Older by date", FIRST),
            item("1", "a.mp3", published=SECOND),
        )
        == []
    )


def test_a_new_guid_for_the_same_file_of_a_show_is_the_same_episode() -> None:
    announced = AnnouncedEpisodes()
    first = only(announced, OLD, item("1", "a.mp3"))
    assert news(announced, OLD, item("urn:1", "a.mp3")) == [(first, "https://cdn.example/a.mp3")]


def test_two_items_of_a_feed_with_one_file_and_two_guids_are_two_episodes() -> None:
    announced = AnnouncedEpisodes()
    assert len(news(announced, OLD, item("1", "soon.mp3"), item("2", "soon.mp3"))) == 2
    assert len(announced.hashes) == 2


@pytest.mark.parametrize("guid", ["", "1"])
def test_announced_episodes_are_restored_from_rows(guid: str) -> None:
    announced, again = AnnouncedEpisodes(), AnnouncedEpisodes()
    for a in announced.select_new(feed(OLD, item(guid, "a.mp3")), BOTH):
        again.add({name: getattr(a, name) for name in COLUMNS})
    assert again == announced
    assert news(again, OLD, item(guid, "a.mp3")) == []


def test_many_items_with_one_guid_cost_linear_time() -> None:
    one = feed(OLD, item("1", "a.mp3"))[0]
    many = [one.with_ids(f"e{n}", one.show_id) for n in range(20_000)]
    assert len(AnnouncedEpisodes().select_new(many, BOTH)) == 20_000
    assert one.published_at == datetime(2026, 2, 2, 10, tzinfo=UTC)
