"""Plain text of untrusted HTML. Descriptions and HTML transcripts pass through it, never rendered.

The standard parser is kept on purpose: selectolax is as fast and as correct on real descriptions,
but quadratic in nested tags; BeautifulSoup is eight times slower (ADR 0015).
"""

import re
from html.parser import HTMLParser

BLOCKS = {
    "p", "br", "div", "li", "ul", "ol", "tr", "table", "section", "article", "blockquote",
    "h1", "h2", "h3", "h4", "h5", "h6", "hr", "dd", "dt", "figure", "figcaption", "header",
    "footer", "pre", "cite", "time",
}  # fmt: skip
"""Tags that start and end a line."""
SILENT = {
    "script", "style", "head", "template", "noscript", "svg", "iframe", "object", "nav", "form",
    "button", "title",
}  # fmt: skip
"""Tags whose content is not text for a reader."""
_LOOKS_LIKE_HTML = re.compile(r"<[a-zA-Z/!][^<>]*>|&(#\d+|#x[0-9a-fA-F]+|[a-zA-Z]{2,10});")
_TAG_BEGINS = re.compile(r"<[a-zA-Z/!?]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class _TextExtractor(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.open_silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:  # noqa: ARG002
        if tag in SILENT:
            if tag not in self.open_silent:
                self.open_silent.append(tag)
        elif tag in BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open_silent:
            del self.open_silent[self.open_silent.index(tag) :]
        elif tag in BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.open_silent:
            self.parts.append(data)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Skips `<![...` up to the next `>`.

        The base class raises AssertionError for keywords that it does not know.
        """
        return self.parse_bogus_comment(i, report)


def plain_text(html: str | None) -> str:
    """Returns the text of HTML or plain text, one line per block.

    Tags and scripts are removed, entities decoded, whitespace collapsed.
    """
    if not html:
        return ""
    if _LOOKS_LIKE_HTML.search(html):
        extractor = _TextExtractor()
        extractor.feed(_drop_unclosed_markup(html))
        extractor.close()
        html = "".join(extractor.parts)
    lines = (" ".join(line.split()) for line in clean(html).splitlines())
    return "\n".join(line for line in lines if line)


def _drop_unclosed_markup(html: str) -> str:
    """Returns the HTML without comments and without a tag that never ends.

    The parser searches for the end of each of those up to the end of the text, every time: 200 kB
    of `<!--` would take minutes.
    """
    parts, at = [], 0
    while (start := html.find("<!--", at)) >= 0:
        parts.append(html[at:start])
        end = html.find("-->", start + 4)
        if end < 0:
            parts.append(html[start:].replace("<!--", ""))
            at = len(html)
        else:
            at = end + 3
    closed, last_bracket, tail = "".join((*parts, html[at:])).rpartition(">")
    return closed + last_bracket + _TAG_BEGINS.split(tail, maxsplit=1)[0]


def clean(text: str) -> str:
    """Returns the text without control characters and lone surrogates.

    Arrow and Kafka refuse both.
    """
    return _CONTROLS.sub("", text)
