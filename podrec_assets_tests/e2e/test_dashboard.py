"""The dashboard on a filled world: each page separately, and a walk through all in a browser."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
import streamlit as st
from playwright.sync_api import Page, ViewportSize, expect
from streamlit import config
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block
from streamlit.util import calc_hash

from podrec_assets import dashboard
from podrec_assets.cli.dashboard import dashboard_command
from podrec_assets.listening.event_message import parse
from podrec_assets.pipelines.connections import Connections
from podrec_assets.services.ports import LOOPBACK, free_port
from podrec_assets.serving import feedback
from podrec_assets.serving.catalogue import passages, search
from podrec_assets.serving.rollback import publish_day
from podrec_assets_tests.browser import browsing
from podrec_assets_tests.e2e.small_world import by_show, run_all
from podrec_assets_tests.steady_clock import steady_today

pytestmark = pytest.mark.services
FOLDER = Path(dashboard.__path__[0])
PAGES = {
    "for_you": "For you", "episode": "", "search": "Search", "analytics": "Analytics",
    "operations": "Quality and operations", "trace": "Trace",
}  # fmt: skip
WIDE, NARROW = ViewportSize(width=1400, height=1000), ViewportSize(width=390, height=844)
SCREENSHOTS = Path(__file__).resolve().parents[2] / "artifacts" / "screenshots"
"""Kept after the tests, for people and as artifacts of a CI run."""


@pytest.fixture
def world(served_world: Connections, monkeypatch: pytest.MonkeyPatch) -> Connections:
    """Returns the served world, with its environment and empty caches."""
    monkeypatch.setenv("PODREC_HOME", str(served_world.settings.home))
    monkeypatch.setenv("PODREC_ENGINE", "local")
    config.set_option("server.address", LOOPBACK)
    st.cache_resource.clear()
    st.cache_data.clear()
    return served_world


def page(name: str) -> AppTest:
    """Opens a page through the app, because its links need the navigation."""
    app = AppTest.from_file(str(FOLDER / "app.py"), default_timeout=60)
    app._page_hash = "" if name == "for_you" else calc_hash(name)
    app.run()
    assert not app.exception, app.exception
    return app


def shown(app: AppTest) -> list[str]:
    """Returns the type of each element on the page, in order, without containers."""
    return [e.type for e in app.main if not isinstance(e, Block)] + [
        e.type for e in app.sidebar if not isinstance(e, Block)
    ]


def sent(world: Connections, kind: str) -> list[dict]:
    """Returns the events of a kind on the topic that name their list, in order."""
    topic = world.settings.events_topic
    ends = {p: (0, end) for p, end in world.kafka.end_offsets(topic).items()}
    records = [
        r
        for batch in world.kafka.read(topic, ends)
        for r in batch
        if b'"list_version"' in (r.value or b"")
    ]
    return [e for r in records if (e := parse(r.value, datetime.now(UTC), 60))["kind"] == kind]


def test_for_you_shows_the_published_list_and_each_button_sends_an_event(
    world: Connections,
) -> None:
    app = page("for_you")
    app.selectbox(key="listener").set_value("Crumb-0").run()
    titles = [s.value for s in app.subheader]
    assert len(titles) == 10
    assert titles[0].startswith("1. ")
    shown = [e["position"] for e in sent(world, "impression") if e["user_id"] == "Crumb-0"]
    assert shown == list(range(1, 11))
    for kind, label in {"like": "Like", "play": "Played it", "skip": "Skip"}.items():
        before = len(sent(world, kind))
        next(b for b in app.button if b.label == label).click().run()
        assert not app.exception
        (event,) = sent(world, kind)[before:]
        assert (event["user_id"], event["position"]) == ("Crumb-0", 1)
        assert event["episode_id"] in by_show(world)["Crumb"]
        assert any(f"Saved: {kind}" in t.value for t in app.toast)
    # Viewing the same list again sends no impressions, and used buttons show it.
    assert len([e for e in sent(world, "impression") if e["user_id"] == "Crumb-0"]) == 10
    assert [b.label for b in app.button][:3] == ["Liked", "Played", "Skipped"]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_without_an_error(world: Connections, name: str) -> None:
    app = page(name)
    assert app.title[0].value == PAGES[name] or name == "episode"
    assert not app.warning


@pytest.mark.parametrize("name", PAGES)
def test_with_a_token_every_page_shows_only_the_login_until_it_is_entered(
    world: Connections, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("PODREC_DASHBOARD_TOKEN", "s3cret")
    st.cache_resource.clear()
    app = page(name)
    assert shown(app) == ["title", "text_input", "button"]
    app.text_input[0].input("s3cre")
    app.button[0].click().run()
    assert shown(app) == ["title", "text_input", "button", "error"]
    app.text_input[0].input("s3cret")
    app.button[0].click().run()
    for _ in range(2):  # the session stays logged in
        assert not app.exception
        assert not app.warning
        assert "Token" not in [t.label for t in app.text_input]
        assert app.title[0].value == PAGES[name] or name == "episode"
        app.run()


def test_a_public_address_shows_nothing_without_a_token(world: Connections) -> None:
    config.set_option("server.address", None)
    app = page("for_you")
    assert shown(app) == ["warning"]
    assert "set PODREC_DASHBOARD_TOKEN" in app.warning[0].value


def test_without_a_broker_the_list_is_shown_and_the_failure_reported(
    world: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODREC_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setattr(feedback, "ACKNOWLEDGED_S", 1.0)
    st.cache_resource.clear()
    app = page("for_you")
    assert len(app.subheader) == 10
    assert (
        "The impressions were not saved: Kafka did not accept 10 records" in app.caption[-1].value
    )
    next(b for b in app.button if b.label == "Like").click().run()
    assert app.toast[0].value.startswith("Not saved: Kafka did not accept")
    assert next(b for b in app.button).label == "Like"


def test_a_rollback_from_the_dashboard_moves_the_pointer(world: Connections) -> None:
    before = world.mongo.publication()
    assert before is not None
    app = page("operations")
    next(b for b in app.button if b.label == "Serve this day").click().run()
    assert not app.exception
    moved = world.mongo.publication()
    assert moved is not None
    assert (moved.v, moved.day) == (before.v + 1, before.day - timedelta(days=1))
    publish_day(world, before.day)


def test_search_finds_the_relevant_passage(world: Connections) -> None:
    found = search("why did the comet break into pieces", passages(world), world.encoder, 3)
    titles = {r["episode_id"]: r["title"] for r in world.lake.read("episodes").to_pylist()}
    assert titles[found[0]["episode_id"]] == "A comet that forgot to shine"
    assert len({f["episode_id"] for f in found}) == 3
    assert search("  ", passages(world), world.encoder, 3) == []


def test_a_home_without_a_publication_says_what_to_do(
    tmp_path: Path, world: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODREC_HOME", str(tmp_path))
    monkeypatch.setenv("PODREC_MONGO_URI", world.mongo.uri)
    monkeypatch.setenv("PODREC_MONGO_DATABASE", "nothing-here")
    st.cache_resource.clear()
    assert "Nothing is published yet: run `make demo`" in page("for_you").warning[0].value
    assert "There are no episodes yet" in page("episode").info[0].value


@pytest.fixture
def browser_page(world: Connections) -> Iterator[tuple[Page, list[str]]]:
    """Returns a browser page on the running dashboard, and the errors of its console."""
    port = free_port()
    with browsing(
        dashboard_command(port), port, world.settings.home / "dashboard.log", WIDE
    ) as found:
        errors: list[str] = []
        found.on(
            "console",
            lambda m: errors.append(f"{m.text} {m.location}") if m.type == "error" else None,
        )
        found.goto(f"http://127.0.0.1:{port}/")
        yield found, errors


def photograph(shown: Page, name: str) -> None:
    """Saves desktop (light) and phone (dark) screenshots; asserts that nothing overflows."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    views: list[tuple[ViewportSize, Literal["light", "dark"]]]
    views = [(WIDE, "light"), (NARROW, "dark")]
    for size, scheme in views:
        shown.emulate_media(color_scheme=scheme)
        shown.set_viewport_size(size)
        shown.wait_for_timeout(700)
        wide = shown.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
        assert wide <= size["width"], f"{name} is {wide} px wide on a screen of {size['width']}"
        shown.screenshot(path=SCREENSHOTS / f"{name}-{size['width']}-{scheme}.png")
    shown.set_viewport_size(WIDE)


def test_a_walk_through_all_pages_works_and_a_like_reaches_delta(
    world: Connections, browser_page: tuple[Page, list[str]]
) -> None:
    today = steady_today()  # Clicks are stamped now; the world may be of the day before.
    shown, errors = browser_page
    before = {kind: len(sent(world, kind)) for kind in ("like", "click")}
    expect(shown.get_by_role("heading", name="For you")).to_be_visible(timeout=60_000)
    shown.get_by_role("button", name="Like", exact=True).first.click()
    expect(shown.get_by_text("Saved: like of")).to_be_visible(timeout=20_000)
    expect(shown.get_by_role("button", name="Liked", exact=True)).to_be_disabled(timeout=20_000)
    shown.get_by_role("combobox").first.fill("somebody-new")
    shown.keyboard.press("Enter")
    expect(shown.get_by_text("somebody-new is new here")).to_be_visible(timeout=20_000)
    photograph(shown, "for-you")
    shown.get_by_role("button", name="Details", exact=True).first.click()
    expect(shown.get_by_text("Search in this transcript")).to_be_visible(timeout=60_000)
    shown.get_by_role("tab", name="Similar episodes").click()
    expect(shown.get_by_text("There at").first).to_be_visible(timeout=20_000)
    photograph(shown, "episode")
    shown.get_by_role("link", name="Search").first.click()
    shown.get_by_placeholder("a comet that broke apart").fill("why did the comet break into pieces")
    shown.keyboard.press("Enter")
    expect(shown.get_by_role("heading", name="A comet that forgot to shine")).to_be_visible(
        timeout=60_000
    )
    photograph(shown, "search")
    words = {
        "Analytics": "Top shows",
        "Quality and operations": "Alpha as of",
        "Trace": "Events in Kafka",
    }
    for name, told in words.items():
        shown.get_by_role("link", name=name).first.click()
        expect(shown.get_by_text(told).first).to_be_visible(timeout=60_000)
        photograph(shown, name.lower().replace(" ", "-"))
    assert errors == []
    (like,), (click,) = (sent(world, kind)[n:] for kind, n in before.items())
    assert (click["user_id"], click["position"]) == ("somebody-new", 1)
    run_all(world, "user_events", today, today)
    landed = {r["event_id"] for r in world.lake.read("user_events").to_pylist()}
    assert {like["event_id"], click["event_id"]} <= landed
