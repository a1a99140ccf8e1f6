"""Neighbours as the podcast namespace's recommendations JSON, validated against its schema."""

import jsonschema
import pytest

from podrec_assets.serving.export import to_file
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
