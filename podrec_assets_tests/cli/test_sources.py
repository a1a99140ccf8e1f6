"""`podrec sources`, and the sources of feeds that `podrec ingest` accepts."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from podrec_assets.cli.ingest import parse_since
from podrec_assets.cli.main import app
from podrec_assets_tests.fake_podcastindex import KEY, SECRET, FakePodcastIndex
from podrec_assets_tests.loopback import reply

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
FEED = (
    b'<rss version="2.0"><channel><title>%s</title>'
    b"<item><guid>1</guid><title>E</title></item></channel></rss>"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PODREC_HOME", str(tmp_path))
    monkeypatch.setenv("PODREC_ENGINE", "local")
    return tmp_path


def podrec(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def listed() -> dict:
    return json.loads(podrec("sources", "--json").stdout)


@pytest.mark.usefixtures("home")
def test_feeds_are_added_once_listed_and_removed() -> None:
    assert "no feed is followed" in podrec("sources").stdout
    added = podrec(
        "sources",
        "add",
        "https://a.example/feed",
        "http://a.example/feed/",
        "https://b.example/feed",
        "--json",
    )
    assert len(json.loads(added.stdout)["added"]) == 2
    again = podrec("sources", "add", "https://b.example/feed", "--json")
    assert json.loads(again.stdout) == {"added": [], "followed_already": ["https://b.example/feed"]}
    assert listed()["status_counts"] == {"active": 2}
    assert "(not read yet)" in podrec("sources").stdout
    assert podrec("sources", "remove", "https://a.example/feed").exit_code == 0
    assert [s["feed_url"] for s in listed()["sources"]] == ["https://b.example/feed"]
    unknown = podrec("sources", "remove", "https://a.example/feed")
    assert (unknown.exit_code, "is not followed" in str(unknown.exception)) == (1, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90m", NOW - timedelta(minutes=90)),
        ("24h", NOW - timedelta(hours=24)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T08:00:00+01:00", datetime(2026, 11, 1, 7, tzinfo=UTC)),
        (None, None),
    ],
)
def test_since_is_a_duration_or_a_time(text: str | None, expected: datetime | None) -> None:
    assert parse_since(text, NOW) == expected


@pytest.mark.parametrize("text", ["yesterday", "7w", "-1h", "9999999d", "999999d"])
def test_any_other_since_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_since(text, NOW)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "Give feed addresses"),
        (("https://a.example/", "--since", "1h"), 2, "--since goes with"),
        (("--opml", "absent.opml"), 1, "cannot be read"),
        (("--podcastindex", "trending"), 1, "PODREC_PODCASTINDEX_KEY"),
        (("--podcastindex", "feed:x"), 1, "is not a feed of PodcastIndex"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_mistake_in_ingest_gives_one_sentence(arguments: tuple, code: int, words: str) -> None:
    done = podrec("ingest", *arguments)
    assert done.exit_code == code
    assert words in done.output + str(done.exception)


@pytest.mark.services
def test_opml_and_podcastindex_lead_to_announcements(
    home: Path,
    server: tuple[str, dict],
    kafka_bootstrap: str,
    shared_data: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    origin, answers = server
    fake = FakePodcastIndex(shared_data / "podcastindex" / "pi_api.json", time.time)
    fake.change = lambda example: {
        **example,
        "feeds": [{**example["feeds"][0], "url": f"http://{origin}/found"}],
    }
    answers |= fake.answers() | {
        f"/{name}": reply(FEED % name.encode()) for name in ("listed", "found")
    }
    (home / "my.opml").write_text(
        f'<opml version="2.0"><body><outline xmlUrl="http://{origin}/listed"/></body></opml>'
    )
    for name, value in {
        "KAFKA_BOOTSTRAP": kafka_bootstrap,
        "EPISODES_TOPIC": "opml-and-podcastindex",
        "FETCH_ALLOW": origin,
        "PODCASTINDEX_URL": f"http://{origin}/api/1.0",
        "PODCASTINDEX_KEY": KEY,
        "PODCASTINDEX_SECRET": SECRET,
    }.items():
        monkeypatch.setenv(f"PODREC_{name}", value)
    done = podrec(
        "ingest",
        "--opml",
        str(home / "my.opml"),
        "--podcastindex",
        "recent",
        "--since",
        "2h",
        "--json",
    )
    document = json.loads(done.stdout)
    assert (document["produced_count"], [f["show_title"] for f in document["feeds"]]) == (
        2,
        ["listed", "found"],
    )
    assert {s["show_title"]: s["status"] for s in listed()["sources"]} == {
        "listed": "active",
        "found": "active",
    }
    assert SECRET not in done.output + podrec("settings", "--json").output
