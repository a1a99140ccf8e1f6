"""Segments end where a sentence does, and every word keeps its times."""

from podrec_assets.content.asr.contract import PieceTranscript, with_file_times
from podrec_assets.content.asr.word_segments import Word, split_words


def spoken(text: str, at_s: float = 0.0, word_s: float = 0.5) -> list[Word]:
    words = text.split()
    return [(f" {w}", at_s + n * word_s, at_s + (n + 1) * word_s) for n, w in enumerate(words)]


def test_a_segment_ends_with_its_sentence() -> None:
    segments = split_words(spoken('He said "stop!" Why? So it goes'), 0.5)
    assert [(s["text"], s["start_s"], s["end_s"]) for s in segments] == [
        ('He said "stop!"', 0.0, 1.5),
        ("Why?", 1.5, 2.0),
        ("So it goes", 2.0, 3.5),
    ]
    assert {s["confidence"] for s in segments} == {0.5}
    assert segments[1]["words"] == [{"start_s": 1.5, "end_s": 2.0, "text": "Why?"}]


def test_a_pause_and_fifteen_seconds_end_a_segment() -> None:
    words = spoken("a b", 0) + spoken("c d", 2.0) + spoken("e " * 40, 10.0)
    assert [len(s["words"]) for s in split_words(words, None)] == [2, 2, 30, 10]


def test_scripts_without_blanks_are_joined_without_them() -> None:
    words = [("今日は", 0.0, 0.4), ("晴れ。", 0.4, 0.9), ("はい", 0.9, 1.2)]
    assert [s["text"] for s in split_words(words, None)] == ["今日は晴れ。", "はい"]


def test_words_get_times_of_the_file_inside_their_segment() -> None:
    pieces = [
        (0.0, 4.0, PieceTranscript(split_words(spoken("one two."), 0.9))),
        (4.0, 5.0, PieceTranscript(split_words(spoken("three four."), 0.9))),
    ]
    second = list(with_file_times(pieces))[1]
    assert (second["start_s"], second["end_s"]) == (4.0, 5.0)
    assert second["words"] == [
        {"start_s": 4.0, "end_s": 4.5, "text": "three"},
        {"start_s": 4.5, "end_s": 5.0, "text": "four."},
    ]
    late = [(0.0, 1.2, PieceTranscript(split_words(spoken("past the end"), 0.9)))]
    assert [w["end_s"] for s in with_file_times(late) for w in s["words"]] == [0.5, 1.0, 1.2]
