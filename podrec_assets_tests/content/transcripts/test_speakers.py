"""A colon names a speaker only where it is a label."""

import pytest

from podrec_assets.content.transcripts.speakers import split_speakers


@pytest.mark.parametrize(
    ("cues", "expected"),
    [
        (
            ["It is one word.", "Word here: Nobody says so."],
            [(None, "It is one word."), (None, "Word here: Nobody says so.")],
        ),
        (
            ["Nothing to name.", "Remember: Stop."],
            [(None, "Nothing to name."), (None, "Remember: Stop.")],
        ),
        (
            ["Ann: The answer is", "Simple: Stop."],
            [("Ann", "The answer is"), (None, "Simple: Stop.")],
        ),
        (["Ann: Hello.", "Two things: First."], [("Ann", "Hello."), (None, "Two things: First.")]),
        (
            ["[Music]", "Ann: Hello.", "Dr. van Dam: Yes."],
            [(None, "[Music]"), ("Ann", "Hello."), ("Dr. van Dam", "Yes.")],
        ),
        (
            ["A cold open.", "Bo: a.", "Bo: b.", "Bo: c."],
            [(None, "A cold open."), ("Bo", "a."), ("Bo", "b."), ("Bo", "c.")],
        ),
        (
            ["Ann: One", "Bo: two.", "Bo: Three."],
            [("Ann", "One"), ("Bo", "two."), ("Bo", "Three.")],
        ),
        (
            ["SPEAKER 1: Hi.", "Speaker 2: 7 of them."],
            [("SPEAKER 1", "Hi."), ("Speaker 2", "7 of them.")],
        ),
        (["at 10: 30 people"], [(None, "at 10: 30 people")]),
    ],
)
def test_a_colon_names_a_speaker_only_in_files_with_speaker_labels(
    cues: list[str], expected: list
) -> None:
    assert split_speakers(cues) == expected
