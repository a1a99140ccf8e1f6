"""The sentences of the content arm, and the passages that it quotes."""

import pytest

from podrec_assets.recommend.ranking.arms.content_arm import (
    compared_pairs,
    excerpt,
    passages,
    reason_text,
)

PASSAGE = {"there_s": 754.9, "there_text": "the tide turns twice a day"}


def test_the_reason_quotes_the_similar_passage_with_its_time() -> None:
    assert reason_text("Low Water", True, PASSAGE) == (
        "You finished “Low Water”; one of its passages is close to this one's at 12:34: "
        "“the tide turns twice a day”."
    )


def test_the_reason_gives_the_time_in_the_heard_episode_too_where_it_is_known() -> None:
    text = reason_text("Low Water", True, PASSAGE | {"here_s": 0.0})
    assert "; its passage at 0:00 is close to this one's at 12:34: " in text


def test_a_heard_episode_is_called_finished_only_if_it_was() -> None:
    assert reason_text("Low Water", False, PASSAGE).startswith("You listened to “Low Water”;")


@pytest.mark.parametrize(
    "passage", [{"there_text": "the tide"}, {"there_s": None, "there_text": "the tide"}]
)
def test_a_passage_without_a_time_is_quoted_without_one(passage: dict) -> None:
    assert reason_text("Low Water", True, passage) == (
        "You finished “Low Water”; one of its passages is close to this one's: “the tide”."
    )


def test_a_passage_at_the_very_start_still_has_its_time() -> None:
    assert " this one's at 0:00: " in reason_text("Low Water", True, PASSAGE | {"there_s": 0.0})


@pytest.mark.parametrize("passage", [None, {"there_text": ""}])
@pytest.mark.parametrize(
    ("is_same_show", "sentence"),
    [
        (True, "You finished “Low Water”, of the same show."),
        (False, "You finished “Low Water”, which is close."),
    ],
)
def test_without_a_passage_the_reason_is_the_common_show_if_there_is_one(
    passage: dict | None, is_same_show: bool, sentence: str
) -> None:
    assert reason_text("Low Water", True, passage, is_same_show) == sentence


def test_a_short_passage_is_quoted_whole() -> None:
    assert excerpt("x" * 80) == "x" * 80


def test_a_long_passage_is_cut_after_a_whole_word_and_its_comma_dropped() -> None:
    assert excerpt("one two, three four", length=10) == "one two …"
    assert len(excerpt("word " * 100)) <= 82


def test_passages_are_the_same_whichever_episode_lists_the_other() -> None:
    stored = {"here_s": 1.0, "here_text": "in a", "there_s": 2.0, "there_text": "in b"}
    pairs = compared_pairs([{"episode_id": "a", "items": [{"episode_id": "b", **stored}]}])
    assert passages(pairs, "a", "b") == stored
    assert passages(pairs, "b", "a") == {
        "here_s": 2.0,
        "here_text": "in b",
        "there_s": 1.0,
        "there_text": "in a",
    }
    assert passages(pairs, "a", "c") is None
