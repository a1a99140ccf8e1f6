"""Chunks hold every word in order, fit the encoder, and span the time of their segments."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podrec_assets.content.similarity.chunking import (
    Chunk,
    make_chunks,
    split_sentences,
    spoken_text,
)


def words(text: str) -> int:
    return len(text.split())


def chunk_segments(segments: list[dict], limit: int, count: Callable[[str], int]) -> list[Chunk]:
    return make_chunks(split_sentences(segments, limit, count), limit)


def said(*texts: str, seconds: float = 10.0) -> list[dict]:
    """Segments of equal length, one after the other."""
    return [
        {"start_s": n * seconds, "end_s": (n + 1) * seconds, "speaker": "Ann", "text": t}
        for n, t in enumerate(texts)
    ]


def test_sentences_are_packed_up_to_the_limit_and_kept_whole() -> None:
    chunks = chunk_segments(
        said("One two. Three four five!", "Six seven?", "Eight… nine."), 5, words
    )
    assert chunks == [
        Chunk("One two. Three four five!", 5, 0.0, 10.0),
        Chunk("Six seven? Eight… nine.", 4, 10.0, 30.0),
    ]


def test_a_sentence_that_does_not_fit_begins_the_next_chunk() -> None:
    chunks = chunk_segments(said("a b c.", "d e f.", "g."), 5, words)
    assert [(c.text, c.start_s, c.end_s) for c in chunks] == [
        ("a b c.", 0.0, 10.0),
        ("d e f. g.", 10.0, 30.0),
    ]


def test_a_segment_that_fills_two_chunks_gives_both_its_time() -> None:
    chunks = chunk_segments(said("a b.", "c d. e f g."), 4, words)
    assert [(c.text, c.start_s, c.end_s) for c in chunks] == [
        ("a b. c d.", 0.0, 20.0),
        ("e f g.", 10.0, 20.0),
    ]


def test_a_sentence_longer_than_a_chunk_is_cut_between_words() -> None:
    chunks = chunk_segments(said(" ".join("abcdefghij")), 4, words)
    assert all(c.token_count <= 4 for c in chunks)
    assert " ".join(c.text for c in chunks) == "a b c d e f g h i j"


def test_an_endless_word_is_cut_inside() -> None:
    chunks = chunk_segments(said("x" * 10), 4, len)
    assert ("".join(c.text for c in chunks), max(c.token_count for c in chunks)) == ("x" * 10, 3)


def test_untimed_segments_give_untimed_chunks_and_half_known_times_are_kept() -> None:
    untimed = [{"start_s": None, "end_s": None, "speaker": None, "text": "One."}]
    assert chunk_segments(untimed, 5, words) == [Chunk("One.", 1, None, None)]
    half: list[dict] = [*untimed, {"start_s": 4.0, "end_s": None, "speaker": None, "text": "Two."}]
    assert chunk_segments(half, 5, words) == [Chunk("One. Two.", 2, 4.0, None)]


def test_a_cue_that_ends_before_it_begins_keeps_its_start_only() -> None:
    assert chunk_segments([{"start_s": 9.0, "end_s": 4.0, "text": "One."}], 5, words) == [
        Chunk("One.", 1, 9.0, None)
    ]


@pytest.mark.parametrize("segments", [[], said(""), said(" ", "")], ids=["none", "empty", "spaces"])
def test_no_words_are_no_chunks(segments: list[dict]) -> None:
    assert chunk_segments(segments, 5, words) == []


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.lists(
            st.sampled_from(["a", "bb.", "c!", "long-word", "…", "d?"]), min_size=1, max_size=9
        ).map(" ".join),
        max_size=8,
    ),
    st.integers(1, 7),
)
def test_every_word_is_in_one_chunk_in_order_and_no_chunk_is_too_long(
    texts: list[str], limit: int
) -> None:
    segments = said(*texts)
    chunks = chunk_segments(segments, limit, words)
    assert " ".join(c.text for c in chunks).split() == " ".join(texts).split()
    assert all(0 < c.token_count == words(c.text) <= limit for c in chunks)
    spoken = [s for s in segments for _ in s["text"].split()]
    at = 0
    for chunk in chunks:
        mine = spoken[at : at + chunk.token_count]
        assert (chunk.start_s, chunk.end_s) == (mine[0]["start_s"], mine[-1]["end_s"])
        at += chunk.token_count


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[Speaker 1]: Good evening.", "Good evening."),
        ("[SPEAKER_00] Good evening.", "Good evening."),
        ("Speaker 2: Good evening.", "Good evening."),
        (">> ANNA LEE: Good evening.", "Good evening."),
        ("O'BRIEN: Good evening.", "Good evening."),
        ("Well [laughter] yes (music) \u266a indeed", "Well yes indeed"),
        ("Note that: this stays.", "Note that: this stays."),
        ("He said (quietly) no.", "He said (quietly) no."),
        ("A: short letters stay", "A: short letters stay"),
    ],
)
def test_labels_and_marks_of_sounds_are_not_said(text: str, words: str) -> None:
    assert spoken_text(text) == words
    assert [s.text for s in split_sentences(said(text), 50, lambda t: len(t.split()))] == [
        part for part in words.replace(". ", ".|").split("|") if part
    ]


def test_a_symbol_that_the_tokenizer_does_not_know_is_no_sentence() -> None:
    def known(text: str) -> int:
        return len(text.replace("\ufffd", "").split())

    chunks = chunk_segments(said("One two.", "\ufffd", "Three. \ufffd"), 5, known)
    assert [(c.text, c.token_count) for c in chunks] == [("One two. Three.", 3)]
