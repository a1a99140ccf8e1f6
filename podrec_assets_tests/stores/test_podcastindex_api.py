"""PodcastIndex over real sockets: signed, never faster than one request a second, patient, and a
directory of feeds.
"""

import itertools
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from podrec_assets.content.feeds.podcastindex import api_request, feed_urls
from podrec_assets.errors import FetchFailedError, SettingsError, UnusableInputError
from podrec_assets.stores.http.client import Fetcher
from podrec_assets.stores.podcastindex_api import TRIES, PodcastIndex
from podrec_assets_tests.fake_podcastindex import KEY, SECRET, FakePodcastIndex
from podrec_assets_tests.loopback import reply

BATMAN = "https://feeds.theincomparable.com/batmanuniversity"
SINCE = datetime(2026, 11, 25, tzinfo=UTC)


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1_764_072_000.5
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake(server, shared_data, clock) -> FakePodcastIndex:
    found = FakePodcastIndex(shared_data / "podcastindex" / "pi_api.json", clock)
    server[1].update(found.answers())
    return found


@pytest.fixture
def index(server, clock) -> PodcastIndex:
    origin = server[0]
    url = f"http://{origin}/api/1.0"
    fetcher = Fetcher(frozenset({origin}), 5, 1_000_000)
    return PodcastIndex(fetcher, url, SecretStr(KEY), SecretStr(SECRET), clock, clock.sleep)


def ask(
    index: PodcastIndex, words: str, most: int = 20, since: datetime | None = None
) -> list[str]:
    asked = api_request(words, most, since)
    return feed_urls(index.get(asked.path, asked.parameters), most)


def test_search_trending_recent_and_a_feed_by_its_id_give_feed_addresses(fake, index):
    assert ask(index, "batman university", 5) == [BATMAN]
    assert ask(index, "trending", since=SINCE) == [BATMAN]
    assert ask(index, "recent", 7, SINCE) == [BATMAN]
    assert ask(index, "feed:75075") == [BATMAN]
    since = str(int(SINCE.timestamp()))
    assert [(path, parameters) for _, path, parameters in fake.asked] == [
        ("/search/byterm", {"q": "batman university", "max": "5"}),
        ("/podcasts/trending", {"max": "20", "since": since}),
        ("/recent/feeds", {"max": "7", "since": since}),
        ("/podcasts/byfeedid", {"id": "75075"}),
    ]


def test_no_two_requests_come_within_a_second(fake, index, clock):
    for _ in range(4):
        ask(index, "trending")
    times = [at for at, _, _ in fake.asked]
    assert [b - a for a, b in itertools.pairwise(times)] == [1, 1, 1]


def test_a_busy_api_is_given_the_time_it_asks_for_and_a_broken_one_ever_more(fake, index):
    fake.busy = [reply(status=429, Retry_After="17"), reply(status=503), reply(status=500)]
    assert ask(index, "trending") == [BATMAN]
    times = [at for at, _, _ in fake.asked]
    assert [b - a for a, b in itertools.pairwise(times)] == [17, 4, 8]


def test_an_api_that_stays_down_or_asks_for_an_hour_is_given_up(fake, index):
    fake.busy = [reply(status=503)] * TRIES
    with pytest.raises(FetchFailedError):
        ask(index, "trending")
    assert len(fake.asked) == TRIES
    fake.busy = [reply(status=429, Retry_After="3600")]
    with pytest.raises(FetchFailedError):
        ask(index, "trending")
    assert len(fake.asked) == TRIES + 1


def test_a_wrong_secret_is_told_without_showing_it(fake, index):
    index.secret = SecretStr("hunter2")
    with pytest.raises(SettingsError, match="PODREC_PODCASTINDEX_KEY") as refused:
        ask(index, "trending")
    assert "hunter2" not in repr(refused.value) + repr(index)
    assert fake.asked == []


def test_without_a_key_nothing_is_asked(fake, index):
    index.key = SecretStr("")
    with pytest.raises(SettingsError, match="PODREC_PODCASTINDEX_SECRET"):
        ask(index, "trending")
    assert fake.asked == []


def test_dead_and_repeated_feeds_are_left_out_and_no_more_than_asked_for_are_taken(fake, index):
    def three(example: dict) -> dict:
        feed = example["feeds"][0]
        urls = (
            "https://a.example/f",
            "http://a.example/f/",
            "https://b.example/f",
            "https://c.example/f",
        )
        return {
            **example,
            "feeds": [
                {**feed, "url": BATMAN, "dead": 1},
                *({**feed, "url": url} for url in urls),
                {},
                None,
            ],
        }

    fake.change = three
    assert ask(index, "words", 2) == ["https://a.example/f", "https://b.example/f"]


@pytest.mark.parametrize(
    "change", [lambda _: {"status": "false", "description": "no"}, lambda _: [], lambda _: "x"]
)
def test_an_answer_that_is_none_is_refused(fake, index, change):
    fake.change = change
    with pytest.raises(UnusableInputError) as refused:
        ask(index, "words")
    assert refused.value.reason == "bad_answer"


@pytest.mark.parametrize(
    ("words", "since"),
    [("", None), ("feed:", None), ("feed:x", None), ("words", SINCE), ("feed:7", SINCE)],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(words, since):
    with pytest.raises(UnusableInputError) as refused:
        api_request(words, 20, since)
    assert refused.value.reason == "bad_question"
