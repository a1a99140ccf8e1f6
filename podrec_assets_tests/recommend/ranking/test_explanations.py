"""The wording of reasons."""

import pytest

from podrec_assets.recommend.ranking import explanations

PASSAGE = {"there_s": 754.9, "there_text": "the tide turns twice a day"}


def test_a_finished_episode_is_called_finished_and_the_passage_has_its_time() -> None:
    assert explanations.content_reason("Low Water", True, PASSAGE) == (
        "You finished “Low Water”; one of its passages is close to this one's at 12:34: “the tide turns twice a day”."
    )


def test_an_episode_that_was_not_finished_is_not_called_so() -> None:
    assert explanations.content_reason("Low Water", False, PASSAGE).startswith(
        "You listened to “Low Water”;"
    )


@pytest.mark.parametrize(
    "passage", [{"there_text": "the tide"}, {"there_s": None, "there_text": "the tide"}]
)
def test_a_passage_without_a_time_is_quoted_without_one(passage: dict) -> None:
    assert explanations.content_reason("Low Water", True, passage) == (
        "You finished “Low Water”; one of its passages is close to this one's: “the tide”."
    )


def test_a_passage_at_the_very_start_still_has_its_time() -> None:
    assert " this one's at 0:00: " in explanations.content_reason(
        "Low Water", True, PASSAGE | {"there_s": 0.0}
    )


@pytest.mark.parametrize(
    ("title", "listeners", "sentence"),
    [
        ("Low Water", 3, "3 listeners who played “Low Water” as you did also played this."),
        ("Low Water", 1, "A listener who played “Low Water” as you did also played this."),
        ("Low Water", 0, "Listeners with a history like yours play this."),
        (None, 3, "Listeners with a history like yours play this."),
    ],
)
def test_an_als_reason_names_an_episode_only_where_others_played_both(
    title: str | None, listeners: int, sentence: str
) -> None:
    assert explanations.als_reason(title, listeners) == sentence


@pytest.mark.parametrize(
    ("listeners", "sentence"),
    [
        (12, "Popular now: 12 listeners played it."),
        (2, "Popular now: 2 listeners played it."),
        (1, "Picked up by a listener lately."),
        (0, "Picked up by a listener lately."),
    ],
)
def test_one_listener_is_not_called_popular(listeners: int, sentence: str) -> None:
    assert explanations.popular_reason(listeners) == sentence


def test_a_new_episode_names_its_show() -> None:
    assert explanations.fresh_reason("Tidewater") == "New from Tidewater."


def test_a_short_passage_is_quoted_whole() -> None:
    assert explanations.lead("x" * 80) == "x" * 80


def test_a_long_passage_ends_after_a_whole_word_without_its_comma() -> None:
    assert explanations.lead("one two, three four", length=10) == "one two …"
    assert len(explanations.lead("word " * 100)) <= 82


def test_the_heard_episodes_passage_has_its_time_too() -> None:
    assert "; its passage at 0:00 is close to this one's at 12:34: " in explanations.content_reason(
        "Low Water", True, PASSAGE | {"here_s": 0.0}
    )


def test_without_passages_the_common_show_is_the_reason() -> None:
    assert (
        explanations.content_reason("Low Water", True, None, True)
        == "You finished “Low Water”, of the same show."
    )


@pytest.mark.parametrize(
    "given",
    [{"als": 1.0, "content": 1.0, "fresh": 1.0}, {"als": 1e-9, "fresh": 3.0}, {"popular": 0.3}],
)
def test_shares_add_up_to_one_the_largest_first(given: dict[str, float]) -> None:
    shares = explanations.shares_of(given)
    assert sum(shares.values()) == pytest.approx(1.0, abs=1e-12)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)


def test_what_nothing_was_given_to_is_of_the_catalogue() -> None:
    assert explanations.shares_of({"als": 0.0, "fresh": 0.0}) == {"catalogue": 1.0}


def test_passages_can_be_read_from_either_side() -> None:
    one = {
        "episode_id": "b",
        "here_s": 1.0,
        "here_text": "in a",
        "there_s": 2.0,
        "there_text": "in b",
    }
    pairs = explanations.by_pair([{"episode_id": "a", "items": [one]}])
    assert explanations.passages(pairs, "a", "b") == {
        "here_s": 1.0,
        "here_text": "in a",
        "there_s": 2.0,
        "there_text": "in b",
    }
    assert explanations.passages(pairs, "a", "c") is None
    assert explanations.passages(pairs, "b", "a") == {
        "here_s": 2.0,
        "here_text": "in b",
        "there_s": 1.0,
        "there_text": "in a",
    }
