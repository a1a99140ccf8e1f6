"""An episode is dropped if its feed lists older ones; one that left the feed's window is not."""

from datetime import UTC, datetime, timedelta

import pytest

from podrec_assets.content.feeds.change_detection import AnnouncedEpisodes
from podrec_assets.content.feeds.dropped_episodes import feed_records
from podrec_assets.content.feeds.rss import Feed, parse_feed
from podrec_assets.content.withdrawals import FEED, Withdrawals, withdrawals

URL, MIRROR = "https://show.example/feed.xml", "https://mirror.example/rss"
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


def feed(days: str, url: str = URL, extra: str = "") -> Feed:
    """Returns a feed with an episode for each day of November, e.g. "1 2 5"."""
    items = "".join(
        f"<item><guid>g{day}</guid><title>Episode {day}</title>"
        f"<pubDate>{int(day):02} Nov 2026 10:00:00 GMT</pubDate>"
        f'<enclosure url="https://cdn.example/{day}.mp3" type="audio/mpeg"/></item>'
        for day in days.split()
    )
    title = url.partition("//")[2].partition(".")[0]
    body = f'<rss version="2.0"><channel><title>{title}</title>{items}{extra}</channel></rss>'
    return parse_feed(body.encode(), url)


class Polls:
    """Polls of feeds, each an hour after the one before."""

    def __init__(self, days: str) -> None:
        self.announced, self.records = AnnouncedEpisodes(), []  # type: ignore[var-annotated]
        self.living = {"show.example/feed.xml", "mirror.example/rss"}
        self.poll(feed(days))
        self.day = {i.episode_id: i.title.removeprefix("Episode ") for i in feed(days).episodes}

    @property
    def state(self) -> Withdrawals:
        return withdrawals(self.records)

    def poll(self, answer: Feed | None, url: str = URL) -> None:
        if answer:
            self.announced.select_new(answer.episodes, self.living)
        self.records += feed_records(
            self.state, self.announced, url, answer, self.living, 3,
            NOW + timedelta(hours=len(self.records)),
        )  # fmt: skip

    def withdrawn(self) -> str:
        """Returns the days of the withdrawn episodes."""
        return " ".join(sorted(self.day[w.target_id] for w in self.state.current))


@pytest.mark.parametrize(
    ("before", "after", "dropped"),
    [
        ("1 2 3", "1 3", "2"),
        ("1 2 3", "1 2", "3"),
        ("1 2 3 4 5", "1 2 5", "3 4"),
        ("1 2 3 4 5", "1 2 4", "3 5"),
        ("1 2 3", "2 3", ""),
        ("1 2 3", "3", ""),
        ("1 2 3 4 5", "3 4 5 6 7", ""),
        ("1 2 3 4 5", "3 5 6 7", "4"),
        ("1 2 3 4 5 6 7 8", "1 6 7 8 9", "2 3"),
        ("1 2 3", "1 2 3 4", ""),
    ],
)
def test_the_third_poll_without_an_episode_newer_than_the_oldest_listed_withdraws_it(
    before: str, after: str, dropped: str
) -> None:
    polls = Polls(before)
    for _ in range(2):
        polls.poll(feed(after))
        assert polls.withdrawn() == ""
    polls.poll(feed(after))
    assert polls.withdrawn() == dropped


def test_a_window_that_slides_for_a_month_withdraws_nothing() -> None:
    polls = Polls("1 2 3 4 5")
    for first in range(1, 26):
        polls.poll(feed(" ".join(str(day) for day in range(first, first + 5))))
    assert polls.records == []


def test_a_feed_that_did_not_change_lacks_what_it_lacked() -> None:
    polls = Polls("1 2 3")
    polls.poll(None)
    assert polls.records == []
    polls.poll(feed("1 3"))
    for _ in range(2):
        polls.poll(None)
    assert polls.withdrawn() == "2"


def test_an_episode_that_is_listed_again_comes_back_also_under_a_new_guid() -> None:
    polls = Polls("1 2 3")
    for _ in range(3):
        polls.poll(feed("1 3"))
    assert polls.withdrawn() == "2"
    again = feed("2").episodes[0]
    renamed = feed("1 3")
    renamed.episodes.append(again.with_ids("e-new-guid", again.show_id))
    polls.poll(renamed)
    assert polls.withdrawn() == ""


def test_a_feed_with_a_damaged_item_says_nothing_of_what_it_lacks() -> None:
    polls = Polls("1 2 3")
    for _ in range(4):
        polls.poll(feed("1 3", extra="<item><pubDate>today</pubDate></item>"))
    assert polls.records == []
    for _ in range(3):
        polls.poll(feed("1 3 3"))
    assert polls.withdrawn() == "2"


def test_only_the_feed_that_owns_an_episode_drops_it() -> None:
    polls = Polls("1 2 3")
    for _ in range(4):
        polls.poll(feed("1 3", MIRROR), MIRROR)
    assert polls.records == []


def test_another_feed_brings_an_episode_back_once_its_own_is_dead() -> None:
    polls = Polls("1 2 3")
    for _ in range(3):
        polls.poll(feed("1 3"))
    polls.poll(feed("1 2 3", MIRROR), MIRROR)
    assert polls.withdrawn() == "2"
    polls.living = {"mirror.example/rss"}
    polls.poll(feed("1 2 3", MIRROR), MIRROR)
    assert polls.withdrawn() == ""
    assert {r["source"] for r in polls.records} == {FEED}
