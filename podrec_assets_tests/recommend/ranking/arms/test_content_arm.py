"""The content arm: affinity by similar episodes, its sentences, and the passages it quotes."""

import pytest

from podrec_assets.recommend.interactions import Signal
from podrec_assets.recommend.ranking.arms.content_arm import (
    compared_pairs,
    excerpt,
    passages,
    reason_text,
)
from podrec_assets_tests.recommend.ranking.planted_lists import episode, listener, lists, near

PASSAGE = {"there_s": 754.9, "there_text": "the tide turns twice a day"}


def test_the_reason_quotes_the_similar_passage_with_its_time() -> None:
    assert reason_text("Low Water", "finished", PASSAGE) == (
        "You finished “Low Water”; one of its passages is close to this one's at 12:34: "
        "“the tide turns twice a day”."
    )


def test_the_reason_gives_the_time_in_the_heard_episode_too_where_it_is_known() -> None:
    text = reason_text("Low Water", "finished", PASSAGE | {"here_s": 0.0})
    assert "; its passage at 0:00 is close to this one's at 12:34: " in text


@pytest.mark.parametrize(
    ("signal", "verb"),
    [("finished", "finished"), ("shared", "shared"), ("liked", "liked"), ("played", "listened to")],
)
def test_the_verb_is_what_the_listener_did(signal: Signal, verb: str) -> None:
    assert reason_text("Low Water", signal, PASSAGE).startswith(f"You {verb} “Low Water”;")


@pytest.mark.parametrize(
    "passage", [{"there_text": "the tide"}, {"there_s": None, "there_text": "the tide"}]
)
def test_a_passage_without_a_time_is_quoted_without_one(passage: dict) -> None:
    assert reason_text("Low Water", "finished", passage) == (
        "You finished “Low Water”; one of its passages is close to this one's: “the tide”."
    )


def test_a_passage_at_the_very_start_still_has_its_time() -> None:
    assert " this one's at 0:00: " in reason_text(
        "Low Water", "finished", PASSAGE | {"there_s": 0.0}
    )


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
    assert reason_text("Low Water", "finished", passage, is_same_show) == sentence


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


def test_similarities_to_heard_episodes_add_up_and_unfinished_ones_count_half() -> None:
    """The typical nearest score is 1, so a is similar to h1 by 0.5^2, to h2 by 1, and b to h3."""
    similar = near(h1={"a": 0.5}, h2={"a": 1.0}, h3={"b": 1.0}, x={"y": 0.5})
    items = lists(listener("h1 h2", heard="h3"), [], similar, [episode("a"), episode("b")], 0.0)[
        "ann"
    ]
    assert items[0]["cosine"] / items[1]["cosine"] == pytest.approx(
        (1 + (0.5 / 1.0) ** 2) / 0.5, rel=1e-3
    )


def test_an_episode_of_a_played_show_is_similar_even_without_a_transcript() -> None:
    items = lists(
        listener(), [], [], [episode("h", "s"), episode("a", "s"), episode("b", "t")], 0.0
    )["ann"]
    assert [(i["episode_id"], i["cosine"] > 0) for i in items] == [("a", True), ("b", False)]
    assert items[0]["reason"] == "You finished “Title h”, of the same show."


def test_episodes_similar_to_ignored_ones_fall_below_unknown_ones() -> None:
    history = listener()
    history.exposures["ann"] = {"h": 1.0, "x": 3.0}
    catalogue = [episode("h"), episode("x", "s"), episode("a", "s"), episode("b", "t")]
    items = lists(history, [], [], catalogue, 0.0)["ann"]
    cosine = {i["episode_id"]: i["cosine"] for i in items}
    assert cosine["b"] == 0.0
    assert -1.0 <= cosine["a"] < -0.1


def test_an_old_play_counts_less_than_a_new_one() -> None:
    history = listener("old new")
    history.recency["ann"] = {"old": 0.25, "new": 1.0}
    items = lists(
        history, [], near(old={"a": 0.5}, new={"b": 0.5}), [episode("a"), episode("b")], 0.0
    )["ann"]
    assert [i["episode_id"] for i in items] == ["b", "a"]
    assert items[1]["cosine"] / items[0]["cosine"] == pytest.approx(0.25, rel=1e-3)


def test_the_list_of_a_listener_who_finished_nothing_is_based_on_what_was_heard() -> None:
    items = lists(
        listener("", heard="h"), [], near(h={"a": 0.5}), [episode("a"), episode("h")], 0.0
    )["ann"]
    assert items[0]["sources"] == ["content"]
    assert items[0]["reason"].startswith("You listened to “Title h”;")


def test_a_liked_episode_that_was_played_in_part_is_not_called_finished() -> None:
    history = listener()
    history.finished["ann"]["h"] = 0.3
    first = lists(history, [], near(h={"a": 1.0}), [episode("a"), episode("h")], 0.0)["ann"][0]
    assert first["reason"].startswith("You listened to “Title h”;")
