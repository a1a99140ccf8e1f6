"""The PodcastIndex API over real sockets: signatures, pauses, retries and answers."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from podrec_assets.content.feeds.podcastindex import api_request, feed_urls
from podrec_assets.errors import FetchFailedError, SettingsError, UnusableInputError
from podrec_assets.stores.http.client import Fetcher
from podrec_assets.stores.podcastindex_api import TRIES, PodcastIndex
from podrec_assets_tests.fake_podcastindex import KEY, SECRET, FakePodcastIndex
from podrec_assets_tests.loopback import Server, reply

BATMAN = "https://feeds.theincomparable.com/batmanuniversity"
SINCE = datetime(2026, 11, 25, tzinfo=UTC)


class Clock:
    """A clock that only advances by sleeping."""

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
def fake(server: Server, shared_data: Path, clock: Clock) -> FakePodcastIndex:
    api = FakePodcastIndex(shared_data / "podcastindex" / "pi_api.json", clock)
    server[1].update(api.answers())
    return api


@pytest.fixture
def index(server: Server, clock: Clock) -> PodcastIndex:
    origin = server[0]
    url = f"http://{origin}/api/1.0"
    fetcher = Fetcher(frozenset({origin}), 5, 1_000_000)
    return PodcastIndex(fetcher, url, SecretStr(KEY), SecretStr(SECRET), clock, clock.sleep)


def ask(
    index: PodcastIndex, words: str, most: int = 20, since: datetime | None = None
) -> list[str]:
    request = api_request(words, most, since)
    return feed_urls(index.get(request.path, request.parameters), most)


def test_search_trending_recent_and_feed_id_return_feed_addresses(
    fake: FakePodcastIndex, index: PodcastIndex
) -> None:
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


def test_no_two_requests_come_within_a_second(fake: FakePodcastIndex, index: PodcastIndex) -> None:
    for _ in range(4):
        ask(index, "trending")
    times = [at for at, _, _ in fake.asked]
    assert [b - a for a, b in itertools.pairwise(times)] == [1, 1, 1]


def test_a_busy_api_gets_the_pause_it_asks_for_and_a_broken_one_growing_pauses(
    fake: FakePodcastIndex, index: PodcastIndex
) -> None:
    fake.busy = [reply(status=429, Retry_After="17"), reply(status=503), reply(status=500)]
    assert ask(index, "trending") == [BATMAN]
    times = [at for at, _, _ in fake.asked]
    assert [b - a for a, b in itertools.pairwise(times)] == [17, 4, 8]


def test_an_api_that_stays_down_or_asks_for_an_hour_is_an_error(
    fake: FakePodcastIndex, index: PodcastIndex
) -> None:
    fake.busy = [reply(status=503)] * TRIES
    with pytest.raises(FetchFailedError):
        ask(index, "trending")
    assert len(fake.asked) == TRIES
    fake.busy = [reply(status=429, Retry_After="3600")]
    with pytest.raises(FetchFailedError):
        ask(index, "trending")
    assert len(fake.asked) == TRIES + 1


def test_a_wrong_secret_is_reported_without_showing_it(
    fake: FakePodcastIndex, index: PodcastIndex
) -> None:
    index.secret = SecretStr("hunter2")
    with pytest.raises(SettingsError, match="PODREC_PODCASTINDEX_KEY") as refused:
        ask(index, "trending")
    assert "hunter2" not in repr(refused.value) + repr(index)
    assert fake.asked == []


def test_without_a_key_nothing_is_requested(fake: FakePodcastIndex, index: PodcastIndex) -> None:
    index.key = SecretStr("")
    with pytest.raises(SettingsError, match="PODREC_PODCASTINDEX_SECRET"):
        ask(index, "trending")
    assert fake.asked == []


def test_dead_and_repeated_feeds_are_left_out_up_to_the_requested_number(
    fake: FakePodcastIndex, index: PodcastIndex
) -> None:
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
def test_a_malformed_answer_is_refused(
    fake: FakePodcastIndex, index: PodcastIndex, change: Callable[[dict], object]
) -> None:
    fake.change = change
    with pytest.raises(UnusableInputError) as refused:
        ask(index, "words")
    assert refused.value.reason == "bad_answer"


@pytest.mark.parametrize(
    ("words", "since"),
    [("", None), ("feed:", None), ("feed:x", None), ("words", SINCE), ("feed:7", SINCE)],
)
def test_an_impossible_question_is_refused_before_anything_is_sent(
    words: str, since: datetime | None
) -> None:
    with pytest.raises(UnusableInputError) as refused:
        api_request(words, 20, since)
    assert refused.value.reason == "bad_question"
