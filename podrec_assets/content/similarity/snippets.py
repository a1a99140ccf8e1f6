"""Short quotes of what was said, as evidence. Pure."""

import re

from podrec_assets.content.similarity import tfidf
from podrec_assets.content.similarity.chunking import SENTENCE_END

SNIPPET_LENGTH = 160
CONTENT_LENGTH = 5
_WORD = re.compile(tfidf.WORD)


def content_words(text: str) -> set[str]:
    """The longer words of a text in lower case: most of those that every text has are short."""
    return {w for w in _WORD.findall(text.lower()) if len(w) >= CONTENT_LENGTH}


def snippet(text: str, wanted: set[str]) -> str:
    """A short piece of a text, cut at a word: from the sentence on that has the most of the wanted
    words.
    """
    said = SENTENCE_END.split(text)
    counts = [len(wanted & set(_WORD.findall(s.lower()))) for s in said]
    begin = " ".join(said[counts.index(max(counts)) :])
    return (
        begin if len(begin) <= SNIPPET_LENGTH else begin[:SNIPPET_LENGTH].rsplit(" ", 1)[0] + " …"
    )
