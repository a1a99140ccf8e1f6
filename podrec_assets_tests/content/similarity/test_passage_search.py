"""Rare words and meaning both find passages, and neither dominates."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from podrec_assets.content.similarity.passage_search import (
    LEXICAL_SHARE,
    best_passages,
    bm25_shares,
)
from podrec_assets.content.words import terms
from podrec_assets.schemas import VECTORS

EAST, NORTH = [1.0, 0.0], [0.0, 1.0]


def rows(*texts: str, episodes: str = "abcdefgh") -> pa.Table:
    return VECTORS.rows(
        {
            "day": date(2026, 2, 3),
            "episode_id": episode,
            "chunk": n,
            "start_s": 10.0 * n,
            "end_s": 10.0 * n + 9,
            "text": text,
            "token_count": len(text.split()),
        }
        for n, (text, episode) in enumerate(zip(texts, episodes, strict=False))
    )


def shares(query: str, *texts: str) -> list[float]:
    return bm25_shares(query, rows(*texts)).round(3).tolist()


def test_more_matching_words_score_higher_and_none_scores_zero() -> None:
    both, one, none = shares(
        "comet pieces", "a comet in pieces", "a comet is seen", "bread and butter"
    )
    assert both > one > none == 0


def test_whole_words_count_whatever_their_case_and_script() -> None:
    assert shares("Ton", "two tons of it", "a tonne of it", "stone upon stone") == [0.0, 0.0, 0.0]
    assert shares("ÜBER", "gehen über Berge", "ein Überblick hier", "Alle, über!")[1] == 0
    assert all(s > 0 for s in shares("ÜBER", "gehen über Berge", "Alle, über!"))
    assert shares("c++ (x", "no such words", "is x here")[0] == 0
    assert shares("東京", "私は東京へ行く", "nothing of that")[0] > 0


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    common, rare = shares(
        "bread comet", "bread here now", "comet here now", "bread there now", "bread once more"
    )[:2]
    assert rare > common


def test_repetition_saturates_and_long_passages_score_less() -> None:
    once, twice, eight = shares(
        "comet", "comet a b c d e f g", "comet comet a b c d e f", "comet " * 8
    )
    assert once < twice < eight
    assert eight - twice < 3 * (twice - once)
    short, long = shares("comet", "comet a b", "comet " + "a " * 40)
    assert short > long


def test_unknown_query_words_lower_every_score() -> None:
    assert shares("comet", "a comet")[0] > shares("comet unheard words", "a comet")[0] > 0
    assert shares("unheard", "a comet", "bread") == [0.0, 0.0]


@pytest.mark.parametrize("query", ["", "  ", "!?", "a"])
def test_a_query_without_words_finds_nothing(query: str) -> None:
    assert terms(query) == []
    assert shares(query, "a comet") == [0.0]


def test_the_best_passage_of_each_episode_comes_with_its_place_quote_and_both_arms() -> None:
    table = rows("bread rises", "Hello. The comet broke. Bye.", "a comet", "stars", episodes="aabb")
    vectors = np.array([EAST, NORTH, EAST, EAST], dtype=np.float32)
    first, second = best_passages(
        "comet broke", np.array(NORTH, dtype=np.float32), table, vectors, 5
    )
    lexical = bm25_shares("comet broke", table)
    assert (first["episode_id"], first["chunk"], first["start_s"], first["quote"]) == (
        "a",
        1,
        10.0,
        "The comet broke. Bye.",
    )
    assert (first["cosine"], first["lexical"]) == (1.0, pytest.approx(lexical[1]))
    assert first["score"] == pytest.approx(LEXICAL_SHARE * lexical[1] + 1 - LEXICAL_SHARE)
    assert (second["episode_id"], second["chunk"], second["cosine"]) == ("b", 2, 0.0)
    assert [
        p["episode_id"]
        for p in best_passages("comet", np.array(NORTH, dtype=np.float32), table, vectors, 1)
    ] == ["a"]


def test_of_equal_passages_the_first_is_taken() -> None:
    table = rows("same", "same", "same", episodes="bba")
    passages = best_passages(
        "same", np.array(EAST, dtype=np.float32), table, np.array([EAST] * 3, dtype=np.float32), 3
    )
    assert [(p["episode_id"], p["chunk"]) for p in passages] == [("b", 0), ("a", 2)]
