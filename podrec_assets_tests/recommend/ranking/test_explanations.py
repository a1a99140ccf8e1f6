"""Shares of the sources, the wording of general reasons, and which reasons are given."""

import pytest

from podrec_assets.recommend.ranking.arms.protocol import Reason
from podrec_assets.recommend.ranking.explanations import (
    explanation,
    fresh_reason,
    popular_reason,
    shares_of,
)

PASSAGES = {"here_s": 1.0, "here_text": "a", "there_s": 2.0, "there_text": "b"}
REASONS = {
    "als": Reason("From ALS.", "g"),
    "content": Reason("From content.", "h", PASSAGES),
    "catalogue": Reason("From the catalogue."),
}


@pytest.mark.parametrize(
    ("listeners", "sentence"),
    [
        (12, "Popular now: 12 listeners played it."),
        (2, "Popular now: 2 listeners played it."),
        (1, "Picked up by a listener lately."),
        (0, "Picked up by a listener lately."),
    ],
)
def test_one_listener_does_not_make_an_episode_popular(listeners: int, sentence: str) -> None:
    assert popular_reason(listeners) == sentence


def test_the_reason_of_a_new_episode_names_its_show() -> None:
    assert fresh_reason("Tidewater") == "New from Tidewater."


@pytest.mark.parametrize(
    "contributions",
    [{"als": 1.0, "content": 1.0, "fresh": 1.0}, {"als": 1e-9, "fresh": 3.0}, {"popular": 0.3}],
)
def test_shares_add_up_to_one_with_the_largest_first(contributions: dict[str, float]) -> None:
    shares = shares_of(contributions)
    assert sum(shares.values()) == pytest.approx(1.0, abs=1e-12)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)


def test_without_contributions_the_catalogue_has_the_whole_share() -> None:
    assert shares_of({"als": 0.0, "fresh": 0.0}) == {"catalogue": 1.0}


def test_every_source_with_a_quarter_of_the_score_gives_its_reason_the_largest_first() -> None:
    item = explanation({"als": 0.3, "content": 0.7}, REASONS)
    assert item["reason"] == "From content. From ALS."
    assert item["because"] == "h"
    assert item["causes"] == {"content": "h", "als": "g"}
    assert item["passages"] == PASSAGES


def test_a_source_below_a_quarter_gives_none_and_its_passages_are_left_out() -> None:
    item = explanation({"als": 0.8, "content": 0.2}, REASONS)
    assert item["reason"] == "From ALS."
    assert item["causes"] == {"als": "g"}
    assert item["passages"] is None
    assert item["sources"] == ["als", "content"]


def test_the_largest_source_with_a_reason_speaks_even_below_a_quarter() -> None:
    assert explanation({"fresh": 0.9, "als": 0.1}, REASONS)["reason"] == "From ALS."


def test_the_catalogue_is_the_reason_where_no_source_has_one() -> None:
    item = explanation({"fresh": 0.9}, REASONS)
    assert (item["reason"], item["because"]) == ("From the catalogue.", None)
