"""The dashboard on a filled world: each page by itself, and all of them as a person clicks through them in a browser."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import streamlit as st
from playwright.sync_api import Page, expect, sync_playwright
from streamlit.testing.v1 import AppTest

from podrec_assets import dashboard
from podrec_assets.cli.ui import dashboard_command
from podrec_assets.listening.events import parse
from podrec_assets.resources.connections import Connections
from podrec_assets.services import process
from podrec_assets.serving.catalogue import passages, search
from podrec_assets_tests.e2e.small_world import by_show, run_all

pytestmark = pytest.mark.services
FOLDER = Path(dashboard.__path__[0])
PAGES = ("for_you", "episode", "search", "analytics", "operations")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
def world(served_world: Connections, monkeypatch: pytest.MonkeyPatch) -> Connections:
    """The served world, with the environment and caches that a page finds."""
    monkeypatch.setenv("PODREC_HOME", str(served_world.settings.home))
    monkeypatch.setenv("PODREC_ENGINE", "local")
    st.cache_resource.clear()
    st.cache_data.clear()
    return served_world


def page(name: str) -> AppTest:
    """A page run by itself; the first one by way of the app, whose navigation its links need."""
    name = "app" if name == "for_you" else name
    app = AppTest.from_file(str(FOLDER / f"{name}.py"), default_timeout=60).run()
    assert not app.exception, app.exception
    return app


def sent(world: Connections, kind: str) -> list[dict]:
    """Events of a kind on the topic that name the list they come from, in order."""
    topic = world.settings.events_topic
    ends = {p: (0, end) for p, end in world.kafka.end_offsets(topic).items()}
    records = [r for batch in world.kafka.read(topic, ends) for r in batch if b'"list_version"' in (r.value or b"")]
    return [e for r in records if (e := parse(r.value, datetime.now(UTC), 60))["kind"] == kind]


def test_for_you_shows_the_published_list_and_each_button_becomes_an_event(world: Connections) -> None:
    app = page("for_you")
    app.selectbox(key="listener").set_value("Crumb-0").run()
    titles = [s.value for s in app.subheader]
    assert len(titles) == 10
    assert titles[0].startswith("1. ")
    before = len(sent(world, "like"))
    next(b for b in app.button if b.label == "Like").click().run()
    assert not app.exception
    event = sent(world, "like")[before:][0]
    assert (event["user_id"], event["position"]) == ("Crumb-0", 1)
    assert event["episode_id"] in by_show(world)["Crumb"]
    assert "Noted: like" in app.toast[0].value
    shown = [e["position"] for e in sent(world, "impression") if e["user_id"] == "Crumb-0"]
    assert shown == list(range(1, 11))


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_without_an_error(world: Connections, name: str) -> None:
    page(name)


def test_search_finds_the_passage_that_speaks_of_it(world: Connections) -> None:
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
    assert "No episodes are known yet" in page("episode").info[0].value


@pytest.fixture
def browser_page(world: Connections) -> Iterator[tuple[Page, list[str]]]:
    """A page of a real browser on the running dashboard, and the errors of its console."""
    if CHROMIUM is None:
        pytest.skip("this machine has no Chromium: apt-get install chromium")
    port = process.choose_port(0, "", None)
    log = (world.settings.home / "dashboard.log").open("w")
    with log, subprocess.Popen(dashboard_command(port), stdout=log, stderr=log, env=dict(os.environ)) as served:
        try:
            assert process.wait_for(lambda: process.answers(port), 60)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                found = browser.new_page(viewport={"width": 1400, "height": 1000})
                errors: list[str] = []
                found.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
                found.goto(f"http://127.0.0.1:{port}/")
                yield found, errors
                browser.close()
        finally:
            served.terminate()


def test_a_person_clicks_through_all_pages_and_a_like_reaches_delta(
    world: Connections, browser_page: tuple[Page, list[str]], today: date, tmp_path: Path
) -> None:
    shown, errors = browser_page
    before = len(sent(world, "like"))
    expect(shown.get_by_role("heading", name="For you")).to_be_visible(timeout=60_000)
    shown.get_by_role("button", name="Like").first.click()
    expect(shown.get_by_text("Noted: like of")).to_be_visible(timeout=20_000)
    shown.get_by_role("combobox").first.fill("somebody-new")
    shown.keyboard.press("Enter")
    expect(shown.get_by_text("somebody-new is new here")).to_be_visible(timeout=20_000)
    headings = {
        "Episode": "Transcript", "Search": "What is it about?", "Analytics": "Plays and listeners by day",
        "Quality and operations": "Freshness",
    }  # fmt: skip
    for name, words in headings.items():
        shown.get_by_role("link", name=name).first.click()
        expect(shown.get_by_text(words).first).to_be_visible(timeout=60_000)
        shown.screenshot(path=str(tmp_path / f"{name}.png"))
    assert errors == []
    (event,) = sent(world, "like")[before:]
    run_all(world, "user_events", today, today)
    landed = {r["event_id"] for r in world.lake.read("user_events").to_pylist()}
    assert event["event_id"] in landed
