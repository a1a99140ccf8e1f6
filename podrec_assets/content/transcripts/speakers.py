"""Speaker labels at the start of cues and paragraphs: `Ann: Hello.` Pure."""

import re
from collections import Counter

RECURRING = 3
"""A label that occurs this often is a name, even where the file starts without labels."""
_LABEL = re.compile(r"^(?:>>|-)?\s*([^\W\d_][\w.'\u2019 -]{0,40}?):\s+(?=\S)")
_ASIDE = re.compile(r"[\[(\u266a][^\])]*[\])\u266a]?")
_PARTICLES = {
    "al", "da", "de", "del", "der", "di", "du", "el", "la", "le", "of", "the", "van", "von", "y",
}  # fmt: skip
_SENTENCE_END = re.compile(r"[.!?\u2026][\"'\u201d\u2019)\]]*$")


def split_speakers(texts: list[str]) -> list[tuple[str | None, str]]:
    """Returns (speaker named in the text or None, the text without the name) for each text.

    "Name: words" is a label only where the file labels its speakers: its first spoken text has a
    label, or this label recurs. Every word of a name begins with a capital or a digit. A name that
    occurs once must also begin a sentence and be followed by one, so "Two things: first" and a
    sentence that runs on into "Simple: stop." name nobody.
    """
    labels = [_label(text) for text in texts]
    counts = Counter(label[0] for label in labels if label)
    spoken = [n for n, text in enumerate(texts) if _is_spoken(text)]
    has_labels = bool(spoken) and labels[spoken[0]] is not None
    result: list[tuple[str | None, str]] = []
    previous = ""
    for label, text in zip(labels, texts, strict=True):
        starts_sentence = not previous or bool(_SENTENCE_END.search(previous))
        if label and _is_name(label, counts[label[0]], has_labels, starts_sentence):
            result.append(label)
        else:
            result.append((None, text))
        previous = text if _is_spoken(text) else previous
    return result


def _is_name(label: tuple[str, str], count: int, has_labels: bool, starts_sentence: bool) -> bool:
    if count >= RECURRING:
        return True
    first = label[1][0]
    begins_sentence = starts_sentence and (first.isupper() or not first.isalpha())
    return has_labels and (count > 1 or begins_sentence)


def _is_spoken(text: str) -> bool:
    return bool(text) and not _ASIDE.fullmatch(text)


def _label(text: str) -> tuple[str, str] | None:
    """Returns (name, rest) of a text that begins with what may be a speaker's label."""
    match = _LABEL.match(text)
    if not match:
        return None
    parts = match[1].split()
    is_name = parts[0][0].isupper() and all(
        p[0].isupper() or p[0].isdigit() or p in _PARTICLES for p in parts
    )
    return (match[1].strip(), text[match.end() :]) if is_name else None
