"""Makes untrusted text harmless in terminals, logs, pages and spreadsheets. Pure.

A terminal obeys control characters (`ESC ] 52` writes the clipboard), a line break forges the next
line, and bidirectional overrides show another text than is there.
"""

import json
import logging
import re
import traceback
from collections.abc import Mapping

HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""C0, DEL and C1; line and paragraph separators; bidirectional embeddings, overrides and isolates;
halves of surrogate pairs, which no stream can encode. No id may contain them.
"""
_HIDDEN_IN_LINES = re.compile(HIDDEN.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))
# With the full-width forms, which some spreadsheets read alike.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_UNSEEN = "".join(map(chr, (*range(0x21), 0x7F, 0xA0, 0x3000, 0xFEFF, *range(0x2000, 0x2010))))
"""Characters that a spreadsheet may drop at the beginning of a cell."""
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*([eE][+-]?\d+)?%?")


def visible(text: str) -> str:
    r"""Returns one line that shows controls, line breaks and bidirectional overrides as escapes.

    `visible("a\x1b[2J")` is `a\x1b[2J` with a real backslash.
    """
    return HIDDEN.sub(_escape, text)


def visible_lines(text: str) -> str:
    """As `visible`, but keeps line breaks and tabs: for text that is shown as a block."""
    return _HIDDEN_IN_LINES.sub(_escape, text)


def visible_json(document: object) -> str:
    """Returns a document as indented JSON that reads back the same and contains no hidden text."""
    text = json.dumps(document, default=str, ensure_ascii=False, indent=2)
    # JSON itself escapes only C0.
    return _HIDDEN_IN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def spreadsheet_cell(text: str) -> str:
    """Returns visible text that a spreadsheet does not run as a formula; numbers stay as they are.

    After OWASP's page on CSV injection: a quote before = + - @, tab and line breaks.
    """
    begins = text.startswith(_FORMULA) or text.lstrip(_UNSEEN).startswith(_FORMULA)
    is_formula = begins and not _NUMBER.fullmatch(text)
    return f"'{visible(text)}" if is_formula else visible(text)


def escape_log_records() -> None:
    """Makes every log record of this process visible text, tracebacks included."""
    make = logging.getLogRecordFactory()
    if getattr(make, "makes_visible", False):
        return

    def factory(*args: object, **kwargs: object) -> logging.LogRecord:
        record = make(*args, **kwargs)
        if isinstance(record.msg, str):
            record.msg = visible_lines(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(map(_visible_value, record.args))
        elif isinstance(record.args, Mapping):
            record.args = {name: _visible_value(value) for name, value in record.args.items()}
        if record.exc_info and record.exc_info[1]:
            record.exc_text = visible_traceback(record.exc_info[1])
        return record

    factory.makes_visible = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(factory)


def visible_traceback(err: BaseException) -> str:
    """Returns the traceback of an error as visible lines."""
    return visible_lines("".join(traceback.format_exception(err))).rstrip()


def _visible_value(value: object) -> object:
    """Keeps other types than text, which formats such as %d need."""
    return visible(value) if isinstance(value, str) else value


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
