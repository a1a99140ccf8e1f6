"""HTML transcripts as the podcast namespace defines them: <cite>, <time> and <p>. Pure."""

import re
from html import escape
from typing import ClassVar

from podrec_assets.content.html_text import BLOCKS, TextParser, parsed
from podrec_assets.content.transcripts.segments import (
    CLOCK,
    Parsed,
    clock_seconds,
    end_at_next_start,
    segment,
)

_OPEN_TAG = re.compile(r"<[a-zA-Z/!?]")
_CUT_OFF = "the page ends within a tag, what follows its < is left out"
_NEVER_CLOSED = "the page never closes a <{}>, what follows it is left out"
LABELS = {"cite", "time"}
_CONTAINERS = {"blockquote", "figure", "li", "q", "table"}
"""Tags in which <cite> and <time> are a part of the text."""
_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "dd", "dt", "pre"}


class _BlockParser(TextParser):
    """Collects (tag, words) of each block: "cite", "time", or "" for text."""

    silent: ClassVar[set[str]] = {"head", "script", "style", "title"}

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[tuple[str, str]] = []
        self.label = ""
        self.depth = 0
        self.in_paragraph = False

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag in LABELS and not self.open_silent:
            if not self.depth and not self.in_paragraph:
                self.end_block()
                self.label = tag
            else:
                self.parts.append(" ")
            return
        super().handle_starttag(tag, attrs)
        if tag in BLOCKS and tag != "br" and not self.open_silent:
            self.end_block()
            self.in_paragraph = tag in _PARAGRAPHS
        self.depth += tag in _CONTAINERS

    def handle_endtag(self, tag: str) -> None:
        if tag in LABELS and not self.open_silent:
            if self.label == tag:
                self.end_block()
            else:
                self.parts.append(" ")
            return
        super().handle_endtag(tag)
        if tag in BLOCKS and tag != "br" and not self.open_silent:
            self.end_block()
            self.in_paragraph = False
        self.depth = max(0, self.depth - (tag in _CONTAINERS))

    def end_block(self) -> None:
        lines = (" ".join(line.split()) for line in "".join(self.parts).splitlines())
        if words := "\n".join(line for line in lines if line):
            self.blocks.append((self.label, words))
        self.label = ""
        self.parts.clear()


def parse_html(text: str, _url: str) -> Parsed:
    """Returns a segment for each block of text.

    <cite> names the speaker and <time> the start of the blocks that follow. Every word of the page
    is in a segment or names a speaker of one.
    """
    parser = parsed(_BlockParser(), _without_cdata(text))
    parser.end_block()
    segments: list[dict] = []
    start: float | None = None
    speaker: str | None = None
    unheard: str | None = None
    for label, words in parser.blocks:
        if label == "time":
            clock = re.fullmatch(CLOCK, words.strip(" []()"))
            start = clock_seconds(clock.groups()) if clock else None
            if clock:
                continue
        if unheard and label != "time":
            if label == "cite":  # a <cite> that nothing follows names nobody
                segments.append(segment(start, None, None, unheard))
            unheard = None
        if label == "cite":
            speaker, unheard = words.rstrip(": ") or None, words
        else:
            segments.append(segment(start, None, speaker, words))
    if unheard:
        segments.append(segment(start, None, None, unheard))
    notes = [_NEVER_CLOSED.format(tag) for tag in parser.open_silent if tag != "head"]
    if _OPEN_TAG.search(text.rpartition(">")[2]):
        notes.append(_CUT_OFF)
    return Parsed(end_at_next_start(segments), notes)


def _without_cdata(text: str) -> str:
    """Returns XHTML with its CDATA sections as text; in HTML they are markup."""
    first, *others = text.split("<![CDATA[")
    sections = (part.partition("]]>") for part in others)
    return first + "".join(
        f"{escape(inside)}{after}" if end else inside for inside, end, after in sections
    )
