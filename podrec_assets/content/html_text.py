"""Plain text of HTML that strangers wrote. Descriptions and HTML transcripts are read through this,
never rendered.
"""

import re
from html.parser import HTMLParser

BLOCKS = {
    "p",
    "br",
    "div",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "section",
    "article",
    "blockquote",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "dd",
    "dt",
    "figure",
    "figcaption",
    "header",
    "footer",
    "pre",
    "cite",
    "time",
}
SILENT = {
    "script",
    "style",
    "head",
    "template",
    "noscript",
    "svg",
    "iframe",
    "object",
    "nav",
    "form",
    "button",
    "title",
}
_LOOKS_LIKE_HTML = re.compile(r"<[a-zA-Z/!][^<>]*>|&(#\d+|#x[0-9a-fA-F]+|[a-zA-Z]{2,10});")
_TAG_BEGINS = re.compile(r"<[a-zA-Z/!?]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag in SILENT:
            if tag not in self.silent:
                self.silent.append(tag)
        elif tag in BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.silent:
            del self.silent[self.silent.index(tag) :]
        elif tag in BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(data)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """`<![...` is skipped up to the next `>`; the base class raises AssertionError for a
        keyword that it does not know.
        """
        return self.parse_bogus_comment(i, report)


def plain_text(html: str | None) -> str:
    """The text of HTML or plain text: tags and scripts gone, entities read, one line per block,
    whitespace collapsed.
    """
    if not html:
        return ""
    if _LOOKS_LIKE_HTML.search(html):
        reader = _Text()
        reader.feed(_whole_markup(html))
        reader.close()
        html = "".join(reader.parts)
    lines = (" ".join(line.split()) for line in clean(html).splitlines())
    return "\n".join(line for line in lines if line)


def _whole_markup(html: str) -> str:
    """HTML without comments and without a tag that never ends.

    The parser looks for the end of each of those anew up to the end of the text: 200 kB of `<!--`
    would take minutes.
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
    whole, mark, tail = "".join((*parts, html[at:])).rpartition(">")
    return whole + mark + _TAG_BEGINS.split(tail, maxsplit=1)[0]


def clean(text: str) -> str:
    """The text without control characters and lone surrogates, which Arrow and Kafka refuse."""
    return _CONTROLS.sub("", text)
