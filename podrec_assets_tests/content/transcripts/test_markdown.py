"""Markdown transcripts: bold names, time marks, escapes."""

from podrec_assets.content.transcripts.formats import parse_transcript
from podrec_assets.content.transcripts.markdown import is_markdown, parse_markdown

TEXT = r"""**Tim Smith:** \[01:40\] He came \[laughter\] early.

And stayed on.

**Jo O'Neil**: Did he? \[01:02:03.25\] Yes.

**Break**: \[01:02:10\]

Gone, *really*."""


def test_speakers_times_and_words_are_separated() -> None:
    said = parse_markdown(TEXT)
    assert [(speaker, words) for _, speaker, words in said] == [
        ("Tim Smith", "He came [laughter] early."),
        (None, "And stayed on."),
        ("Jo O'Neil", "Did he? Yes."),
        ("Break", ""),
        (None, "Gone, *really*."),
    ]
    first, between, mark, pause, last = [start for start, _, _ in said]
    assert (first, mark, pause, last) == (100.0, 3723.25, 3730.0, 3730.0)
    assert first is not None
    assert between is not None
    assert mark is not None
    assert first < between < mark


def test_times_are_interpolated_between_marks_only() -> None:
    said = parse_markdown(
        "**A:** before\n\n**A:** [0:10] 12345\n\n**B:** 1234567890\n\n**A:** [0:40] end\n\n"
        "**B:** after all"
    )
    assert [start for start, _, _ in said] == [None, 10.0, 20.0, 40.0, None]


def test_a_mark_that_goes_back_is_ignored() -> None:
    said = parse_markdown(
        "**A:** [0:30] 1234567890\n\n**A:** [0:10] 1234567890\n\n**A:** [0:50] end"
    )
    assert [start for start, _, _ in said] == [30.0, 40.0, 50.0]


def test_markdown_is_detected_under_any_plain_text_type() -> None:
    for content_type, url in (("text/markdown", "a"), ("text/plain", "b.txt"), (None, "c.md")):
        segments = parse_transcript(TEXT.encode(), content_type, url).segments
        assert [s["speaker"] for s in segments] == ["Tim Smith", None, "Jo O'Neil", None]
        assert (segments[0]["start_s"], segments[0]["end_s"]) == (100.0, segments[1]["start_s"])
        assert segments[0]["text"] == "He came [laughter] early."


def test_plain_text_without_bold_names_is_not_markdown() -> None:
    assert not is_markdown("Ann: 2 ** 3 is eight, and ** is a power.")
    assert (
        parse_transcript(b"It was [00:10] then.", "text/plain", "x").segments[0]["text"]
        == "It was [00:10] then."
    )
