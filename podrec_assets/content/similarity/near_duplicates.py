"""Which episodes are the same recording under two ids: a re-feed, a best-of, a cross-post. Pure."""

import zlib
from collections import Counter
from collections.abc import Iterable

from podrec_assets.content.similarity.chunking import SENTENCE_END

SKETCH = 16
"""Sentences that stand for an episode: those with the smallest hashes, so that a cut or an inserted
advert moves few of them.
"""
SHARED = 0.5
"""Share of two sketches that makes them one recording."""
MIN_LENGTH = 40
"""Characters of a sentence that is unlikely to be said twice."""
MOST_COMPARED = 32


def originals(texts: Iterable[str], audio_urls: list[str | None]) -> list[int]:
    """For each episode, in order, the first one that is the same recording: itself, mostly.

    Two are the same when they have one audio address, or share half of their sketches.
    """
    found: list[int] = []
    by_url: dict[str, int] = {}
    by_sentence: dict[int, list[int]] = {}
    sizes: list[int] = []
    for here, (text, url) in enumerate(zip(texts, audio_urls, strict=True)):
        marks = sketch(text)
        sizes.append(len(marks))
        shared = Counter(
            there for mark in marks for there in by_sentence.get(mark, ())[:MOST_COMPARED]
        )
        alike = [
            there
            for there, count in shared.items()
            if count >= SHARED * max(sizes[there], len(marks))
        ]
        if url and url in by_url:
            alike.append(by_url[url])
        original = min((found[there] for there in alike), default=here)
        found.append(original)
        if url:
            by_url.setdefault(url, original)
        for mark in marks:
            by_sentence.setdefault(mark, []).append(here)
    return found


def sketch(text: str) -> list[int]:
    """The smallest hashes of the text's longer sentences, at most SKETCH of them."""
    long = {s for s in SENTENCE_END.split(text) if len(s) >= MIN_LENGTH}
    return sorted({zlib.crc32(s.encode()) << 32 | zlib.adler32(s.encode()) for s in long})[:SKETCH]
