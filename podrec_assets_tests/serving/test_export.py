"""Neighbours as the podcast namespace's recommendations JSON, validated against its schema."""

import json
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podrec_assets.cli.export import write_all
from podrec_assets.serving.export import file_name, to_file
from podrec_assets_tests.serving.recommendations_schema import SCHEMA


def announced(number: int, **more: str | None) -> dict:
    return {
        "episode_id": f"e{number}",
        "title": f"Episode {number}",
        "guid": f"guid-{number}",
        "feed_url": "https://feeds.example/show.xml",
        "audio_url": f"https://cdn.example/{number}.mp3",
        "image_url": None,
        **more,
    }


def near(number: int, score: float, there_s: float | None) -> dict:
    return {"episode_id": f"e{number}", "score": score, "there_s": there_s}


KNOWN = {
    e["episode_id"]: e
    for e in (
        announced(1),
        announced(2, image_url="https://cdn.example/2.png"),
        announced(3, title=None),
    )
}


def test_a_file_names_its_episode_and_each_neighbour_with_its_start_time() -> None:
    document = to_file("e1", [near(2, 0.51, 754.2), near(3, 0.2, None)], KNOWN)
    jsonschema.validate(document, SCHEMA)
    assert document["version"] == "1.0"
    assert [document[f] for f in ("title", "feed", "guid", "url")] == [
        "Episode 1", "https://feeds.example/show.xml", "guid-1", "https://cdn.example/1.mp3",
    ]  # fmt: skip
    first, second = document["recommendations"]
    assert first == {
        "linkType": "item",
        "medium": "podcast",
        "title": "Episode 2",
        "url": "https://cdn.example/2.mp3",
        "image": "https://cdn.example/2.png",
        "feed": "https://feeds.example/show.xml",
        "guid": "guid-2",
        "startTime": 754.2,
        "motive": "content-based recommendation",
        "relevance": 0.51,
    }
    assert second["title"] == "e3"
    assert not {"startTime", "image"} & second.keys()


@pytest.mark.parametrize(("score", "relevance"), [(-0.2, 0.0), (1.00001, 1.0)])
def test_relevance_is_clipped_to_0_and_1(score: float, relevance: float) -> None:
    document = to_file("e1", [near(2, score, 0.0)], KNOWN)
    jsonschema.validate(document, SCHEMA)
    assert document["recommendations"][0]["relevance"] == relevance


def test_an_unknown_episode_is_left_out() -> None:
    document = to_file("e9", [near(8, 0.5, 0.0)], KNOWN)
    jsonschema.validate(document, SCHEMA)
    assert document == {"version": "1.0", "recommendations": []}


IDS = {
    "e0123456789abcde": "e0123456789abcde.json",
    "a_b-c": "a_b-c.json",
    "A": "%41.json",
    ".": "%2e.json",
    "..": "%2e%2e.json",
    ".draft": "%2edraft.json",
    "../../outside": "%2e%2e%2f%2e%2e%2foutside.json",
    "/etc/passwd": "%2fetc%2fpasswd.json",
    "..\\..\\x": "%2e%2e%5c%2e%2e%5cx.json",
    "C:\\x": "%43%3a%5cx.json",
    "a\0b": "a%00b.json",
    "a\nb": "a%0ab.json",
    "100%": "100%25.json",
    "%2e": "%252e.json",
    "a~b": "a%7eb.json",
    "con": "%63on.json",
    "nul": "%6eul.json",
    "com1": "%63om1.json",
    "console": "console.json",
    " ": "%20.json",
    "": ".json",
    "é": "%c3%a9.json",
    "e\u0301": "e%cc%81.json",
}


@pytest.mark.parametrize(("episode", "name"), IDS.items())
def test_a_file_is_named_by_the_encoded_id(episode: str, name: str) -> None:
    assert file_name(episode) == name
    assert unquote(name.removesuffix(".json")) == episode


@given(st.lists(st.text(st.characters(), max_size=300), min_size=2, max_size=5, unique=True))
def test_any_ids_have_different_plain_names_that_fit_a_file_system(ids: list[str]) -> None:
    names = [file_name(i) for i in ids]
    assert len({n.casefold() for n in names}) == len(ids)
    for name in names:
        assert len(name) <= 205
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_%~.")
        assert name == Path(name).name
        assert name.count(".") == 1


def test_nothing_is_written_outside_the_folder(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "export"
    outside = tmp_path / "outside.json"
    outside.write_text("mine")
    target.mkdir(parents=True)
    (target / "linked.json").symlink_to(outside)
    ids = [*IDS, "linked", "x" * 256, "X" * 256, "x" * 255 + "y", "名" * 256, "../" * 80]
    assert write_all(target, ((i, {"title": i}) for i in ids)) == len(ids)
    assert outside.read_text() == "mine"
    assert [p for p in tmp_path.rglob("*") if not p.is_dir() and p.parent != target] == [outside]
    written = {p.name: json.loads(p.read_text())["title"] for p in target.iterdir()}
    assert written == {file_name(i): i for i in ids}
