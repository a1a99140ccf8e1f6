"""Snippets are short and show what both sides talk about."""

from podrec_assets.content.similarity.snippets import SNIPPET_LENGTH, content_words, snippet


def test_a_snippet_is_short_and_cut_at_a_word() -> None:
    assert snippet("short text", set()) == "short text"
    assert snippet("seven77 " * 40, set()) == "seven77 " * 20 + "…"
    assert snippet("abcdef " * 40, set()) == "abcdef " * 22 + "…"
    assert len(snippet("x" * 500, set())) == SNIPPET_LENGTH + 2


def test_a_snippet_starts_at_the_sentence_with_most_wanted_words() -> None:
    text = "Hello there, friends. The comet broke. The comet broke into pieces. Goodbye."
    assert (
        snippet(text, content_words("pieces of a comet that broke"))
        == "The comet broke into pieces. Goodbye."
    )
    assert snippet(text, {"knead"}) == text
