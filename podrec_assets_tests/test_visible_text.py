"""Untrusted text in logs, tracebacks, JSON and spreadsheets."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podrec_assets.markdown_escape import escape_markdown
from podrec_assets.visible_text import (
    escape_log_records,
    spreadsheet_cell,
    visible,
    visible_json,
    visible_lines,
)

HIDDEN = "\x1b\x9b\x00\x7f\u202e\u2066\u2028\ud83d"
ESCAPED = r"\x1b\x9b\x00\x7f\u202e\u2066\u2028\ud83d"


@given(st.text(st.characters()))
def test_visible_text_is_one_line_without_controls_and_stays_the_same(text: str) -> None:
    shown = visible(text)
    assert shown.splitlines() in ([shown], [])
    assert not any(c in shown for c in HIDDEN)
    assert visible(shown) == shown
    shown.encode()
    assert json.loads(visible_json([text])) == [text]


@pytest.mark.parametrize("text", ["علی‌رضا", "👨‍👩‍👧", "山田\u3000太郎", "שלום\u200f", "é\u0301"])
def test_text_of_people_is_left_alone(text: str) -> None:
    assert visible(text) == text


def test_blocks_keep_their_lines() -> None:
    assert visible_lines("a\n\tb\r\x1b") == "a\n\tb\\r\\x1b"


def test_markdown_shows_controls_as_escapes() -> None:
    # Markdown shows an escaped backslash as one.
    assert escape_markdown(f"a{HIDDEN}".replace("\u2028", "")) == "a" + ESCAPED.replace(
        r"\u2028", ""
    ).replace("\\", "\\\\")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", r"'\t=1"),
        ("\r=1", r"'\r=1"),
        ("\n=1", r"'\n=1"),
        (" =1", "' =1"),
        ("\u00a0=1", "'\u00a0=1"),
        ("\u3000\u200b@SUM(A1)", "'\u3000\u200b@SUM(A1)"),
        ("\ufeff-1+1", "'\ufeff-1+1"),
        ("\x00=1", r"'\x00=1"),
        ("\u00a0 bread", "\u00a0 bread"),
        ("\uff1d1", "'\uff1d1"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("-3.5", "-3.5"),
        ("+0.25", "+0.25"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_a_cell_never_begins_a_formula(text: str, cell: str) -> None:
    assert spreadsheet_cell(text) == cell


def test_log_records_and_their_tracebacks_are_visible_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    make = logging.getLogRecordFactory()
    try:
        escape_log_records()
        escape_log_records()
        logger = logging.getLogger("hostile")
        logger.warning("title %s has %d", f"{HIDDEN}\nforged", 3)
        try:
            raise ValueError(HIDDEN)
        except ValueError:
            logger.exception(f"in {HIDDEN}")
        logger.warning("%(a)s", {"a": HIDDEN})
    finally:
        logging.setLogRecordFactory(make)
    assert f"title {ESCAPED}\\nforged has 3" in caplog.text
    assert f"in {ESCAPED}" in caplog.text
    assert f"ValueError: {ESCAPED}" in caplog.text
    assert not any(c in caplog.text for c in HIDDEN)
