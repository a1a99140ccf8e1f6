"""Short snippets of what was said, as evidence. Pure."""

from podrec_assets.content.similarity.chunking import SENTENCE_END
from podrec_assets.content.words import terms

SNIPPET_LENGTH = 160
CONTENT_LENGTH = 5


def content_words(text: str) -> set[str]:
    """Returns the words of at least CONTENT_LENGTH letters: most function words are shorter."""
    return {w for w in terms(text) if len(w) >= CONTENT_LENGTH}


def snippet(text: str, wanted: set[str]) -> str:
    """Returns about SNIPPET_LENGTH characters of a text, cut at a word.

    It starts at the sentence with the most `wanted` words.
    """
    sentences = SENTENCE_END.split(text)
    counts = [len(wanted & set(terms(s))) for s in sentences]
    begin = " ".join(sentences[counts.index(max(counts)) :])
    if len(begin) <= SNIPPET_LENGTH:
        return begin
    return begin[:SNIPPET_LENGTH].rsplit(" ", 1)[0] + " …"
