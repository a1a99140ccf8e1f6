"""Quotes are short and show what the other side speaks of."""

from podrec_assets.content.similarity.snippets import QUOTE_LENGTH, content_words, quote


def test_a_quote_is_short_and_cut_at_a_word():
    assert quote("short text", set()) == "short text"
    assert quote("seven77 " * 40, set()) == "seven77 " * 20 + "…"
    assert quote("abcdef " * 40, set()) == "abcdef " * 22 + "…"
    assert len(quote("x" * 500, set())) == QUOTE_LENGTH + 2


def test_a_quote_begins_with_the_sentence_that_has_most_of_the_other_sides_words():
    text = "Hello there, friends. The comet broke. The comet broke into pieces. Goodbye."
    assert (
        quote(text, content_words("pieces of a comet that broke"))
        == "The comet broke into pieces. Goodbye."
    )
    assert quote(text, {"knead"}) == text
