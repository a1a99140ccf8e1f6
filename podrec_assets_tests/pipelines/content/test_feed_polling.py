"""Polls of followed feeds on a real broker: conditional, announced once, and safe in a crash."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

import dagster as dg
import pytest

from podrec_assets.content.feeds import source as sources
from podrec_assets.defs.assets.sources import sources as sources_asset
from podrec_assets.defs.io_managers.delta import DeltaIOManager
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.episode_landing import land_episodes
from podrec_assets.pipelines.content.feed_ingest import ingest_feeds
from podrec_assets.pipelines.content.feed_polling import poll_due
from podrec_assets.pipelines.content.sources_table import FollowedFeeds
from podrec_assets.pipelines.content.withdrawals_table import WithdrawalRecords
from podrec_assets.stores.kafka import KafkaStore
from podrec_assets_tests.loopback import Server, reply
from podrec_assets_tests.pipelines.content.conftest import announced_titles

pytestmark = pytest.mark.services
# A fixed hour, because the polls of some hours later must be on the same day.
NOW = (datetime.now(UTC) - timedelta(days=5)).replace(hour=8, minute=0, second=0, microsecond=0)
"""Records are stamped with the poll's clock, and a broker refuses stamps ahead of its own."""
TODAY = NOW.date()
HOUR = timedelta(hours=1)


def rss(*titles: str) -> bytes:
    items = "".join(f"<item><guid>{t[:2]}</guid><title>{t}</title></item>" for t in titles)
    return f'<rss version="2.0"><channel><title>Show</title>{items}</channel></rss>'.encode()


class Feed:
    """A feed with an ETag; records the If-None-Match header of each request."""

    def __init__(self, *titles: str) -> None:
        self.titles = titles
        self.asked: list[str | None] = []

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        etag = f'"{hash(self.titles)}"'
        self.asked.append(handler.headers["If-None-Match"])
        unchanged = self.asked[-1] == etag
        reply(b"" if unchanged else rss(*self.titles), 304 if unchanged else 200, ETag=etag)(
            handler
        )


def test_a_due_feed_is_polled_with_its_validators_and_only_news_is_announced(
    feeds_podrec: Connections, server: Server
) -> None:
    origin, answers = server
    answers["/feed"] = feed = Feed("e1")
    url = f"http://{origin}/feed"
    assert ingest_feeds(feeds_podrec, [url], False, NOW)["produced_count"] == 1
    assert poll_due(feeds_podrec, [TODAY], NOW + HOUR / 2) == []
    [report] = poll_due(feeds_podrec, [TODAY], NOW + HOUR)
    assert (report.is_unchanged, feed.asked[0], feed.asked[1] is not None) == (True, None, True)
    feed.titles = ("e1", "e2")
    [report] = poll_due(feeds_podrec, [TODAY], NOW + 2 * HOUR)
    assert (report.episode_count, report.produced_count) == (2, 1)
    assert announced_titles(feeds_podrec) == ["e1", "e2"]
    [source] = FollowedFeeds(feeds_podrec.lake).current()
    assert (source.status, source.announced_count, source.episode_count) == ("active", 2, 2)
    assert source.last_changed_at == NOW + 2 * HOUR


def test_a_feed_can_be_failing_or_dead_and_a_mistyped_address_is_not_followed(
    feeds_podrec: Connections, server: Server
) -> None:
    origin, answers = server
    answers |= {"/busy": reply(status=503), "/soon-gone": Feed("e1")}
    urls = [f"http://{origin}/{name}" for name in ("busy", "mistyped", "soon-gone")]
    assert ingest_feeds(feeds_podrec, urls, False, NOW)["failed_count"] == 2
    answers["/soon-gone"] = reply(status=410)
    poll_due(feeds_podrec, [TODAY], NOW + HOUR)
    health = {
        s.feed_url: (s.status, s.failure_count, s.last_reason)
        for s in FollowedFeeds(feeds_podrec.lake).current()
    }
    assert health == {urls[0]: ("failing", 2, "fetch_failed"), urls[2]: ("dead", 1, "http_410")}
    later = NOW + 30 * HOUR
    assert [r.feed_url for r in poll_due(feeds_podrec, [later.date()], later)] == [urls[0]]


def test_a_feed_that_moved_permanently_is_polled_at_its_new_address(
    feeds_podrec: Connections, server: Server
) -> None:
    origin, answers = server
    answers |= {"/old": reply(status=301, Location="/new"), "/new": (feed := Feed("e1"))}
    ingest_feeds(feeds_podrec, [f"http://{origin}/old"], False, NOW)
    answers["/old"] = reply(status=500)
    feed.titles = ("e1", "e2")
    [report] = poll_due(feeds_podrec, [TODAY], NOW + HOUR)
    assert (report.error, report.produced_count) == (None, 1)
    assert (
        ingest_feeds(feeds_podrec, [f"http://{origin}/new"], False, NOW + HOUR)["produced_count"]
        == 0
    )
    assert [s.moved_to for s in FollowedFeeds(feeds_podrec.lake).current()] == [
        f"http://{origin}/new"
    ]


def test_episodes_announced_before_a_crash_are_not_announced_again(
    feeds_podrec: Connections, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, answers = server
    answers["/feed"] = Feed("e1")
    with monkeypatch.context() as patched:
        patched.setattr(FollowedFeeds, "remember", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ingest_feeds(feeds_podrec, [f"http://{origin}/feed"], False, NOW)
    assert ingest_feeds(feeds_podrec, [f"http://{origin}/feed"], False, NOW)["produced_count"] == 0
    assert announced_titles(feeds_podrec) == ["e1"]


def test_landed_episodes_are_known_without_reading_the_topic_again(
    feeds_podrec: Connections, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, answers = server
    answers["/feed"] = Feed("e1", "e2")
    ingest_feeds(feeds_podrec, [f"http://{origin}/feed"], False, NOW)
    land_episodes(feeds_podrec.lake, feeds_podrec.kafka, feeds_podrec.settings, [TODAY], TODAY)
    answers["/other"] = Feed("e3")
    ingest_feeds(feeds_podrec, [f"http://{origin}/other"], False, NOW)
    ranges, read = [], KafkaStore.read

    def recording_read(self: KafkaStore, topic: str, wanted: dict) -> Iterator:
        ranges.append(wanted)
        return read(self, topic, wanted)

    monkeypatch.setattr(KafkaStore, "read", recording_read)
    urls = [f"http://{origin}/{name}" for name in ("feed", "other")]
    assert ingest_feeds(feeds_podrec, urls, False, NOW, refetch=True)["produced_count"] == 0
    assert ranges == [{0: (2, 3)}]


def test_a_day_without_a_poll_repeats_the_feeds_and_a_removed_feed_is_gone(
    feeds_podrec: Connections, server: Server
) -> None:
    origin, answers = server
    answers["/feed"] = Feed("e1")
    followed, days = FollowedFeeds(feeds_podrec.lake), [TODAY + timedelta(days=n) for n in range(4)]
    ingest_feeds(feeds_podrec, [f"http://{origin}/feed"], False, NOW)
    poll_due(feeds_podrec, days, NOW + timedelta(days=3))
    rows = feeds_podrec.lake.read_days("sources", days).to_pylist()
    polled = {r["day"]: r["last_polled_at"] for r in rows}
    assert [polled[d] for d in days] == [NOW, NOW, NOW, NOW + timedelta(days=3)]
    assert followed.remove([f"https://{origin}/feed/", "https://else.example/"], NOW)[1] == [
        "https://else.example/"
    ]
    assert followed.current() == []
    later = sources.new_source(f"http://{origin}/feed", NOW)
    followed.remember([later], NOW + timedelta(days=3))
    assert followed.current() == []


def test_the_asset_polls_due_feeds_and_reports_counts(
    feeds_podrec: Connections, server: Server
) -> None:
    origin, answers = server
    answers |= {"/feed": Feed("e1"), "/busy": reply(status=503)}
    FollowedFeeds(feeds_podrec.lake).add(
        [f"http://{origin}/feed", f"http://{origin}/busy"], NOW - HOUR
    )
    feeds_podrec.now = lambda: NOW
    resources = {"connections": feeds_podrec, "delta": DeltaIOManager(connections=feeds_podrec)}
    done = dg.materialize([sources_asset], partition_key=TODAY.isoformat(), resources=resources)
    found = {
        k: v.value for k, v in done.asset_materializations_for_node("sources")[0].metadata.items()
    }
    expected = {
        "row_count": 2,
        "polled_count": 2,
        "failed_poll_count": 1,
        "produced_count": 1,
        "dead_letter_count": 1,
    }
    assert {k: found[k] for k in expected} == expected
    assert (found["active_count"], found["failing_count"], found["dead_count"]) == (1, 1, 0)
    assert announced_titles(feeds_podrec) == ["e1"]


def dated(*days: int) -> bytes:
    """Returns a feed with an episode of each of these days of October."""
    items = "".join(
        f"<item><guid>{day}</guid><title>Of day {day}</title>"
        f"<pubDate>{day} Oct 2025 10:00:00 GMT</pubDate></item>"
        for day in days
    )
    return f'<rss version="2.0"><channel><title>Show</title>{items}</channel></rss>'.encode()


def test_the_third_poll_that_lacks_an_episode_withdraws_it_until_it_is_listed_again(
    feeds_podrec: Connections, server: Server
) -> None:
    origin, answers = server
    answers["/feed"] = reply(dated(1, 2, 3))
    ingest_feeds(feeds_podrec, [f"http://{origin}/feed"], False, NOW)
    land_episodes(feeds_podrec.lake, feeds_podrec.kafka, feeds_podrec.settings, [TODAY], TODAY)
    [second] = [
        r["episode_id"]
        for r in feeds_podrec.lake.read("episodes").to_pylist()
        if r["title"] == "Of day 2"
    ]
    answers["/feed"] = reply(dated(1, 3, 4))
    withdrawn = []
    for hour in range(1, 4):
        poll_due(feeds_podrec, [TODAY], NOW + hour * HOUR)
        withdrawn.append(WithdrawalRecords(feeds_podrec.lake).state().current)
    assert withdrawn[:2] == [[], []]
    [withdrawal] = withdrawn[2]
    assert (withdrawal.target_id, withdrawal.source) == (second, "feed")
    assert withdrawal.withdrawn_at == NOW + 3 * HOUR
    answers["/feed"] = reply(dated(1, 2, 3, 4))
    poll_due(feeds_podrec, [TODAY], NOW + 4 * HOUR)
    assert WithdrawalRecords(feeds_podrec.lake).state().current == []
    assert len(feeds_podrec.lake.read("withdrawals")) == 4
