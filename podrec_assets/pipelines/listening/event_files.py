"""Reads files of events, JSON lines or CSV, and says which lines cannot be read.

CSV files are what people have: written by pandas or a spreadsheet, with commas, semicolons or tabs.
"""

import csv
import hashlib
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from podrec_assets.errors import PermanentError, UnusableInputError

MAX_LINE_BYTES = 1_000_000
"""Longest line that is read; Kafka's client takes no larger record."""
WHOLE_NUMBERS = ("schema", "position")
NUMBERS = (*WHOLE_NUMBERS, "completed_share", "played_s", "duration_s")
"""Columns of a CSV file that are numbers in the message."""
IDS = ("event_id", "user_id", "episode_id")
REQUIRED = ("user_id", "kind", "occurred_at")
"""Columns without which landing would refuse every row of a CSV file."""
DELIMITERS = ",;\t"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NUMBER = re.compile(r"[+-]?(\d{1,300}\.?\d{0,300}|\.\d{1,300})([eE][+-]?\d{1,3})?", re.ASCII)
_ROUNDED_NUMBER = re.compile(r"\d([.,]\d+)?E\+\d+", re.ASCII)


@dataclass(frozen=True)
class FileLine:
    """One line of a file, or one row of a CSV file as a JSON object.

    Attributes:
        number: of the line, from 1; of a row, that of its first line.
        value: the message.
        is_row: whether it comes from a CSV file.
        refusal: why it cannot be read; empty if it can.
    """

    number: int
    value: bytes = b""
    is_row: bool = False
    refusal: str = ""


def lines_of(file: Path) -> Iterator[FileLine]:
    """Yields the lines of a JSON lines file, or the rows of a file named .csv; no blank ones.

    Raises:
        PermanentError: the first line of a CSV file is no header of events.
    """
    if file.suffix.lower() == ".csv":
        with file.open(encoding="utf-8-sig", newline="", errors="surrogateescape") as text:
            yield from _rows(file, text)
    else:
        with file.open("rb") as lines:
            yield from _lines(lines)


def _lines(lines: BinaryIO) -> Iterator[FileLine]:
    number = 0
    while line := lines.readline(MAX_LINE_BYTES + 1):
        number, size = number + 1, len(line)
        if size > MAX_LINE_BYTES:
            rest = line
            while rest and not rest.endswith(b"\n"):
                rest = lines.readline(MAX_LINE_BYTES)
                size += len(rest)
            yield FileLine(number, refusal=f"{size} bytes are more than Kafka takes")
            continue
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if line.strip():
            yield FileLine(number, line.rstrip(b"\r\n"))


def _rows(file: Path, text: TextIO) -> Iterator[FileLine]:
    first = text.readline(MAX_LINE_BYTES)
    text.seek(0)
    rows = csv.reader(text, delimiter=max(DELIMITERS, key=first.count), strict=True)
    header = _header(file, rows)
    while True:
        number = rows.line_num + 1
        try:
            if (cells := next(rows, None)) is None:
                return
            event = _event(header, cells)
        except (csv.Error, UnusableInputError) as err:
            lines = f" (up to line {rows.line_num})" if rows.line_num > number else ""
            yield FileLine(number, is_row=True, refusal=f"{err}{lines}")
            continue
        if event:
            value = json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogateescape")
            yield FileLine(number, value, is_row=True)


def _header(file: Path, rows: Iterator[list[str]]) -> list[str]:
    try:
        header = [name.strip() for name in next(rows, [])]
    except csv.Error as err:
        raise PermanentError(f"Line 1 of {file} cannot be read: {err}.") from err
    if missing := [name for name in REQUIRED if name not in header]:
        raise PermanentError(
            f"{file} is not a CSV file of events: its first line, read as UTF-8 with commas, "
            f"semicolons or tabs, has no column {', '.join(missing)}."
        )
    if repeated := sorted({name for name in header if name and header.count(name) > 1}):
        raise PermanentError(f"{file} has more than one column {', '.join(repeated)}: remove one.")
    return header


def _event(header: list[str], cells: list[str]) -> dict:
    """Returns the non-empty cells of a row by name; {} if there are none.

    A row without an event_id gets one derived from its content, so importing a file twice counts
    once.

    Raises:
        UnusableInputError: a cell has no column, or is not what its column holds.
    """
    cells = [cell.strip() for cell in cells]
    if not any(cells):
        return {}
    if len(cells) > len(header):
        raise UnusableInputError(
            "bad_row", f"it has {len(cells)} cells, but the header has {len(header)}"
        )
    event = {
        name: _value(name, cell) for name, cell in zip(header, cells, strict=False) if name and cell
    }
    if "event_id" not in event:
        content = json.dumps(event, sort_keys=True).encode()
        event["event_id"] = f"csv-{hashlib.sha256(content).hexdigest()[:16]}"
    return event


def _value(name: str, cell: str) -> str | int | float:
    if name in IDS and _ROUNDED_NUMBER.fullmatch(cell):
        raise UnusableInputError(
            "bad_id", f"{name} {cell!r} is an id that a spreadsheet rounded; format it as text"
        )
    if name not in NUMBERS:
        return cell
    number = float(cell) if _NUMBER.fullmatch(cell) else math.nan
    if not math.isfinite(number):
        raise UnusableInputError("bad_type", f"{name} {cell[:40]!r} is not a number like 1234.5")
    if name not in WHOLE_NUMBERS:
        return number
    if not number.is_integer():
        raise UnusableInputError("bad_type", f"{name} {cell[:40]!r} is not a whole number")
    return int(number)
