"""Boilerplate is found by runs of words, however captions cut the sentences."""

import numpy as np
import pytest

from podrec_assets.content.similarity.boilerplate import (
    RUN,
    is_boilerplate,
    recurring_runs,
    run_hashes,
    word_hashes,
)

INTRO = "welcome to the show where two old friends talk about bread and butter"


def episode(number: int, before: str = INTRO) -> str:
    return f"{before} " + " ".join(f"word{number}x{n}" for n in range(40))


def recurring(texts: list[str]) -> np.ndarray:
    return recurring_runs([word_hashes(t) for t in texts])


def flags(pieces: list[str], texts: list[str]) -> list[bool]:
    return is_boilerplate([word_hashes(p) for p in pieces], recurring(texts))


def test_hashes_ignore_case_and_punctuation() -> None:
    assert (
        word_hashes("It's GO time, again!").tolist()
        == word_hashes("it's go TIME... again").tolist()
    )
    assert len(set(word_hashes("it's go time again").tolist())) == 4
    assert len(word_hashes("東京へ go")) == 4


def test_a_run_is_known_by_its_words_and_their_order() -> None:
    runs = run_hashes(word_hashes("a b c d a b c d b a c d"), 4)
    assert len(runs) == 9
    assert runs[0] == runs[4]
    assert len(set(runs.tolist())) == 8
    assert run_hashes(word_hashes("a b"), 4).tolist() == []


def test_an_intro_is_found_however_the_captions_cut_it() -> None:
    texts = [episode(n) for n in range(4)]
    first, second = INTRO.split(" old ")
    pieces = [first, f"old {second} word0x0", " ".join(f"word0x{n}" for n in range(1, 40))]
    assert flags(pieces, texts) == [True, True, False]


def test_three_episodes_must_share_it_and_a_tenth_of_the_show() -> None:
    assert flags([INTRO, "x " * 40], [episode(n) for n in range(2)]) == [False, False]
    assert flags([INTRO, "x " * 40], [episode(n) for n in range(3)]) == [True, False]
    rest = [episode(n, "") for n in range(3, 40)]
    assert flags([INTRO, "x " * 40], [*(episode(n) for n in range(3)), *rest]) == [False, False]
    assert flags([INTRO, "x " * 40], [*(episode(n) for n in range(4)), *rest[:36]]) == [True, False]


def test_the_same_episode_under_three_ids_is_not_its_own_boilerplate() -> None:
    assert recurring([episode(1)] * 3).tolist() == []


def test_an_episode_that_would_lose_more_than_half_keeps_all() -> None:
    texts = [episode(n) for n in range(3)]
    assert flags([INTRO, "two words"], texts) == [False, False]


@pytest.mark.parametrize("words", [RUN - 1, RUN])
def test_short_phrases_recur_by_chance_and_stay(words: int) -> None:
    phrase = " ".join(INTRO.split()[:words])
    texts = [episode(n, phrase) for n in range(5)]
    assert flags([phrase, "x " * 40], texts) == [words == RUN, False]


def test_no_pieces_and_pieces_without_words_are_kept() -> None:
    assert flags([], [episode(n) for n in range(3)]) == []
    assert flags(["...", INTRO, "y " * 40], [episode(n) for n in range(3)]) == [False, True, False]
