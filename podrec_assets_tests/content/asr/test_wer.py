"""Word error rate on alignments that can be counted by hand."""

import pytest

from podrec_assets_tests.content.asr.wer import word_error_rate


@pytest.mark.parametrize(
    ("reference", "heard", "rate"),
    [
        ("a b c d", "a b c d", 0.0),
        ("A, b: c D!", "a b c d", 0.0),
        ("a b c d", "a x c d", 0.25),
        ("a b c d", "a c d", 0.25),
        ("a b c d", "a b x c d", 0.25),
        ("a b c d", "", 1.0),
        ("a b", "x y z v", 2.0),
        ("a b c d", "b c d a", 0.5),
        ("don\u2019t stop", "don't stop", 0.0),
        ("don't stop", "dont stop", 0.5),
        ("", "", 0.0),
        ("", "a", 1.0),
    ],
)
def test_substitutions_deletions_and_insertions_by_the_words_of_the_reference(
    reference: str, heard: str, rate: float
) -> None:
    assert word_error_rate(reference, heard) == rate
