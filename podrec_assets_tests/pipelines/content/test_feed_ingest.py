"""Ingest of real feeds over loopback HTTP: every episode once; what is no feed is a dead letter."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from podrec_assets.content.feeds.episode_message import decode
from podrec_assets.errors import UnusableInputError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.episode_landing import land_episodes
from podrec_assets.pipelines.content.feed_ingest import ingest_feeds
from podrec_assets.pipelines.content.sources_table import FollowedFeeds
from podrec_assets.settings import Settings
from podrec_assets_tests.topics import topic_of

pytestmark = pytest.mark.services
NOW = datetime.now(UTC)
FEED = """<rss version="2.0"><channel><title>Planted</title>{items}</channel></rss>"""
ITEM = (
    "<item><guid>{n}</guid><title>Episode {n}</title>"
    "<pubDate>{day} Nov 2025 08:00:00 GMT</pubDate></item>"
)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Yields a folder and the address at which it is served."""
    folder = tmp_path / "site"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and keeps requests out of the test's output."""

    def log_message(self, *_: object) -> None:
        """Prints nothing."""


@pytest.fixture
def connections(
    settings: Settings,
    serve: tuple[Path, str],
    kafka_bootstrap: str,
    request: pytest.FixtureRequest,
) -> Connections:
    topic = topic_of(request)
    changed = {
        "kafka_bootstrap": kafka_bootstrap,
        "episodes_topic": topic,
        "fetch_allow": serve[1].removeprefix("http://"),
    }
    return Connections(settings.model_copy(update=changed), {})


def announced(connections: Connections) -> list[tuple[str, date]]:
    """Returns (title, day of the record) of each record on the topic, in order."""
    topic = connections.settings.episodes_topic
    ends = {p: (0, end) for p, end in connections.kafka.end_offsets(topic).items()}
    records = [r for batch in connections.kafka.read(topic, ends) for r in batch]
    return [
        (decode(r.value)["title"], datetime.fromtimestamp(r.timestamp_ms / 1000, UTC).date())
        for r in records
    ]


def test_every_real_feed_gives_as_many_episodes_as_it_has_items(
    connections: Connections, serve: tuple[Path, str], shared_data: Path
) -> None:
    folder, base = serve
    names = sorted(p.name for p in (shared_data / "feeds").iterdir())
    for name in names:
        (folder / name).write_bytes((shared_data / "feeds" / name).read_bytes())
    document = ingest_feeds(connections, [f"{base}/{name}" for name in names], True, NOW)
    counts = {r["feed_url"].rpartition("/")[2]: r["episode_count"] for r in document["feeds"]}
    items = {name: len(re.findall(rb"<item[ >]", (folder / name).read_bytes())) for name in names}
    assert counts == items
    assert document["failed_count"] == 2
    errors = {r["feed_url"].rpartition("/")[2]: r["error"] for r in document["feeds"] if r["error"]}
    assert errors.keys() == {"empty.xml", "epic-web.pdf"}
    assert "is a feed without episodes" in errors["empty.xml"]
    assert "is a PDF, not a feed" in errors["epic-web.pdf"]
    letters = connections.lake.read("dead_letters").to_pylist()
    assert {"empty_feed", "not_a_feed"} <= {r["reason"] for r in letters}
    assert document["produced_count"] == sum(counts.values()) == len(announced(connections))
    landed = land_episodes(
        connections.lake, connections.kafka, connections.settings, [NOW.date()], NOW.date()
    )
    assert sum(landed.rows_by_day.values()) == document["produced_count"]
    assert landed.dead_count == 0
    assert "malformed_xml" not in {r["reason"] for r in letters}


def test_a_back_catalogue_is_backdated_and_later_only_news_is_announced(
    connections: Connections, serve: tuple[Path, str]
) -> None:
    folder, base = serve
    feed = folder / "feed.xml"
    feed.write_text(FEED.format(items=ITEM.format(n=2, day="04") + ITEM.format(n=1, day="03")))
    assert ingest_feeds(connections, [f"{base}/feed.xml"], True, NOW)["backdated"]
    assert announced(connections) == [
        ("Episode 1", date(2025, 11, 3)),
        ("Episode 2", date(2025, 11, 4)),
    ]
    assert ingest_feeds(connections, [f"{base}/feed.xml"], True, NOW)["produced_count"] == 0
    feed.write_text(
        feed.read_text()
        .replace("Episode 1", "Episode 1, fixed")
        .replace("<item>", ITEM.format(n=3, day="05") + "<item>", 1)
    )
    later = ingest_feeds(connections, [f"{base}/feed.xml"], True, NOW)
    assert (later["produced_count"], later["backdated"]) == (2, False)
    assert announced(connections)[2:] == [
        ("Episode 1, fixed", NOW.date()),
        ("Episode 3", NOW.date()),
    ]


def test_dates_before_the_first_day_make_no_days_of_work(
    connections: Connections, serve: tuple[Path, str]
) -> None:
    folder, base = serve
    item = "<item><guid>{0}</guid><title>{0}</title>{1}</item>"
    dated = (
        item.format("epoch", "<pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate>"),
        item.format("old", "<pubDate>Mon, 02 Nov 2015 08:00:00 GMT</pubDate>"),
        item.format("undated", ""),
        item.format("ahead", "<pubDate>Mon, 02 Nov 2099 08:00:00 GMT</pubDate>"),
    )
    (folder / "old.xml").write_text(FEED.format(items="".join(dated[:1])))
    (folder / "new.xml").write_text(
        FEED.format(items="".join(dated[1:]) + ITEM.format(n=1, day="03"))
    )
    ingest_feeds(connections, [f"{base}/old.xml", f"{base}/new.xml"], True, NOW)
    assert dict(announced(connections)) == {
        "epoch": date(2025, 11, 3),
        "old": date(2025, 11, 3),
        "undated": date(2025, 11, 3),
        "Episode 1": date(2025, 11, 3),
        "ahead": NOW.date(),
    }


def test_a_single_date_of_1970_is_announced_today(
    connections: Connections, serve: tuple[Path, str]
) -> None:
    folder, base = serve
    item = "<item><guid>1</guid><pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate></item>"
    (folder / "feed.xml").write_text(FEED.format(items=item))
    assert ingest_feeds(connections, [f"{base}/feed.xml"], True, NOW)["backdated"]
    assert [day for _, day in announced(connections)] == [NOW.date()]


def test_an_address_with_a_password_is_refused_without_it_and_stops_no_other(
    connections: Connections, serve: tuple[Path, str]
) -> None:
    folder, base = serve
    (folder / "good.xml").write_text(FEED.format(items=ITEM.format(n=1, day="03")))
    lines: list[str] = []
    urls = [f"http://ann:s3cret@{base[7:]}/good.xml", f"{base}/good.xml", f"{base}/a", f"{base}/b"]
    document = ingest_feeds(connections, urls, False, NOW, say=lines.append)
    [first, *_] = document["feeds"]
    assert (first["feed_url"], first["reason"]) == (f"{base}/good.xml", "credentials")
    assert "user name or password, which podrec does not store" in first["error"]
    assert document["produced_count"] == 1
    followed = FollowedFeeds(connections.lake)
    with pytest.raises(UnusableInputError, match="user name or password"):
        followed.add([f"{base}/c", urls[0]], NOW)
    assert [s.feed_url for s in followed.current()] == [f"{base}/good.xml"]
    kept = [connections.lake.read(t).to_pylist() for t in ("dead_letters", "sources")]
    assert "s3cret" not in f"{document}{lines}{kept}"
    assert followed.remove([urls[0]], NOW) == ([f"{base}/good.xml"], [])


def test_a_dead_address_does_not_affect_other_feeds(
    connections: Connections, serve: tuple[Path, str]
) -> None:
    folder, base = serve
    (folder / "good.xml").write_text(FEED.format(items=ITEM.format(n=1, day="03")))
    urls = [
        f"{base}/absent.xml",
        "http://10.0.0.1/feed.xml",
        "file:///etc/passwd",
        f"{base}/good.xml",
    ]
    document = ingest_feeds(connections, urls, False, NOW)
    assert [bool(r["error"]) for r in document["feeds"]] == [True, True, True, False]
    assert (document["produced_count"], document["failed_count"]) == (1, 3)
    reasons = {
        r["source_key"]: r["reason"] for r in connections.lake.read("dead_letters").to_pylist()
    }
    assert reasons == {urls[0]: "http_404", urls[1]: "fetch_refused", urls[2]: "fetch_refused"}
