"""Plain text of untrusted HTML. Descriptions and HTML transcripts pass through it, never rendered.

The standard parser is kept on purpose: selectolax is as fast and as correct on real descriptions,
but quadratic in nested tags; BeautifulSoup is eight times slower (ADR 0015).
"""

import re
from html.parser import HTMLParser
from itertools import islice
from typing import ClassVar, TypeVar

BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "br", "button", "caption", "cite", "dd",
    "details", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2",
    "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "iframe", "legend", "li", "main",
    "nav", "noscript", "object", "ol", "option", "p", "pre", "section", "select", "summary",
    "svg", "table", "td", "textarea", "th", "time", "title", "tr", "ul",
}  # fmt: skip
"""Tags that start and end a line."""
SILENT = {
    "script", "style", "head", "template", "noscript", "svg", "iframe", "object", "nav", "form",
    "button", "title",
}  # fmt: skip
"""Tags whose content is not text for a reader."""
IN_HEAD = {
    "base", "head", "html", "link", "meta", "noscript", "script", "style", "template", "title",
}  # fmt: skip
"""Tags that do not end a head; every other tag begins the body."""
MAX_TAGS = 200_000
"""Tags that are read of one text, which takes about a second. Honest pages have far fewer."""
_LOOKS_LIKE_HTML = re.compile(r"<[a-zA-Z/!][^<>]*>|&(#\d+|#x[0-9a-fA-F]+|[a-zA-Z]{2,10});")
_COMMENT_END = re.compile("--!?>")
_TAG_BEGINS = re.compile(r"<[a-zA-Z/!?]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class TextParser(HTMLParser):
    """Collects the text of HTML in `parts`, with line ends where blocks begin and end."""

    silent: ClassVar[set[str]] = SILENT
    """Tags whose content is left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.open_silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:  # noqa: ARG002
        if tag not in IN_HEAD:
            self._leave_head()
        if tag in self.silent:
            if tag not in self.open_silent:
                self.open_silent.append(tag)
        elif tag in BLOCKS and not self.open_silent:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open_silent:
            del self.open_silent[self.open_silent.index(tag) :]
        elif tag in BLOCKS and not self.open_silent:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self.open_silent == ["head"] and data.strip():
            self._leave_head()
        if not self.open_silent:
            self.parts.append(data)

    def _leave_head(self) -> None:
        """Ends a head that is never closed, as browsers do."""
        if self.open_silent[:1] == ["head"]:
            self.open_silent.clear()

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Skips `<![...` up to the next `>`.

        The base class raises AssertionError for keywords that it does not know.
        """
        return self.parse_bogus_comment(i, report)


Parser = TypeVar("Parser", bound=TextParser)


def plain_text(html: str | None) -> str:
    """Returns the text of HTML or plain text, one line per block.

    Tags and scripts are removed, entities decoded, whitespace collapsed. What follows the first
    MAX_TAGS tags is left out.
    """
    if not html:
        return ""
    if _LOOKS_LIKE_HTML.search(html):
        html = "".join(parsed(TextParser(), _first_tags(html)).parts)
    lines = (" ".join(line.split()) for line in clean(html).splitlines())
    return "\n".join(line for line in lines if line)


def parsed(parser: Parser, html: str) -> Parser:
    """Returns the parser after it has read the HTML to its end."""
    parser.feed(_drop_unclosed_markup(html))
    parser.close()
    return parser


def _first_tags(html: str) -> str:
    if html.count("<") <= MAX_TAGS:
        return html
    return html[: next(islice(re.finditer("<", html), MAX_TAGS, None)).start()]


def _drop_unclosed_markup(html: str) -> str:
    """Returns the HTML without comments and without a tag that never ends.

    The parser searches for the end of each of those up to the end of the text, every time: 200 kB
    of `<!--` would take minutes.
    """
    parts, at = [], 0
    while (start := html.find("<!--", at)) >= 0:
        parts.append(html[at:start])
        # `<!-->` is a whole comment.
        if end := _COMMENT_END.search(html, start + 2):
            at = end.end()
        else:
            parts.append(html[start:].replace("<!--", ""))
            at = len(html)
    closed, last_bracket, tail = "".join((*parts, html[at:])).rpartition(">")
    return closed + last_bracket + _TAG_BEGINS.split(tail, maxsplit=1)[0]


def clean(text: str) -> str:
    """Returns the text without control characters and lone surrogates.

    Arrow and Kafka refuse both.
    """
    return _CONTROLS.sub("", text)
