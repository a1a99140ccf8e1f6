"""Events as other software exports them, made messages of `user-events`: JSON lines or CSV,
episodes by id, file or guid.
"""

import csv
import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from podrec_assets.content.feeds.ids import audio_key, feed_key
from podrec_assets.day_windows import latest
from podrec_assets.errors import PermanentError
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.kafka import Message

NUMBERS = {
    "schema": int,
    "position": int,
    "completed_share": float,
    "played_s": float,
    "duration_s": float,
}
"""Columns of a CSV file that are numbers in the message."""
NEEDED = ("user_id", "kind", "occurred_at")
"""Columns without which landing would refuse every row of a CSV file."""


def lines_of(file: Path) -> Iterator[bytes]:
    """The lines of a JSON lines file as they are, or the rows of a CSV file (.csv, with a header)
    as JSON objects.

    Raises:
        PermanentError: the first line of a CSV file is no header of events, or a row cannot be
            read; rows before it were given.
    """
    if file.suffix.lower() != ".csv":
        with file.open("rb") as lines:
            yield from (line.rstrip(b"\r\n") for line in lines if line.strip())
        return
    with file.open(encoding="utf-8-sig", newline="", errors="surrogateescape") as text:
        rows = csv.DictReader(text)
        try:
            rows.fieldnames = [name.strip() for name in rows.fieldnames or ()]
            if absent := [name for name in NEEDED if name not in rows.fieldnames]:
                why = (
                    f"its first line, read as UTF-8 with commas, has no column {', '.join(absent)}"
                )
                raise PermanentError(f"{file} is no CSV file of events: {why}.")
            for event in filter(None, map(_event, rows)):
                yield json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogateescape")
        except csv.Error as err:
            raise PermanentError(
                f"Line {rows.line_num + 1} of {file} cannot be read: {err}."
            ) from err


def _event(row: dict) -> dict:
    """A row's cells that are not empty, if there are any.

    A row without an event_id gets one of its content: the same file twice counts once.
    """
    event = {
        name: _value(name, cell.strip())
        for name, cell in row.items()
        if name and isinstance(cell, str) and cell.strip()
    }
    if event and "event_id" not in event:
        told = json.dumps(event, sort_keys=True).encode()
        event["event_id"] = f"csv-{hashlib.sha256(told).hexdigest()[:16]}"
    return event


def _value(name: str, cell: str) -> str | int | float:
    try:
        return NUMBERS[name](cell) if name in NUMBERS else cell
    except ValueError:  # landing says what is wrong with it
        return cell


@dataclass
class EpisodeNames:
    """Known episodes by what their publishers call them: the audio file, or the guid, alone where
    one feed has it.
    """

    lake: Lake
    _found: dict[str, str | None] | None = field(default=None, init=False)

    def episode_id(self, event: dict) -> str | None:
        """Id of the episode that `audio_url`, or `guid` (with `feed_url` where feeds share it),
        names; None if unknown.
        """
        if self._found is None:
            self._found = self._read()
        audio, guid, feed = (
            str(event.get(name) or "").strip() for name in ("audio_url", "guid", "feed_url")
        )
        keys = [
            f"audio {audio_key(audio)}" if audio else "",
            f"guid {guid} {feed_key(feed) if feed else ''}" if guid else "",
        ]
        return next((found for key in keys if key and (found := self._found.get(key))), None)

    def _read(self) -> dict[str, str | None]:
        rows = latest(
            self.lake.read(
                "episodes", columns=("day", "episode_id", "audio_url", "guid", "feed_url")
            )
        ).to_pylist()
        found: dict[str, str | None] = {}
        for row in rows:
            guid, names = (row["guid"] or "").strip(), []
            if row["audio_url"]:
                names.append(f"audio {audio_key(row['audio_url'])}")
            if guid:
                names += [f"guid {guid} {feed_key(row['feed_url'])}", f"guid {guid} "]
            for name in names:
                # What two episodes share names neither of them.
                found[name] = (
                    row["episode_id"]
                    if found.get(name, row["episode_id"]) == row["episode_id"]
                    else None
                )
        return found


@dataclass
class Imported:
    """What was noticed of the events of an import."""

    names: EpisodeNames
    resolved_count: int = 0
    unknown_count: int = 0
    first_unknown: str | None = None
    first_day: date | None = None

    def see(self, event: dict, recorded_at: str | None) -> None:
        """Gives an event the id of the episode that it names otherwise, and keeps the earliest day
        that events can touch.
        """
        told = event.get("audio_url") or event.get("guid")
        if told and not event.get("episode_id"):
            if found := self.names.episode_id(event):
                event["episode_id"] = found
                self.resolved_count += 1
            else:
                self.unknown_count += 1
                self.first_unknown = self.first_unknown or str(told)
        for text in (recorded_at, event.get("occurred_at")):
            # Overflow: the first and last days that a date can be have no UTC in some zones.
            with suppress(ValueError, TypeError, OverflowError):
                day = datetime.fromisoformat(text).astimezone(UTC).date()  # type: ignore[arg-type]
                self.first_day = min(self.first_day or day, day)


def to_message(line: bytes, imported: Imported | None = None) -> Message:
    """The Kafka record of one line; whatever cannot be understood is left for landing to refuse."""
    try:
        event = json.loads(line)
        stamp = event.pop("recorded_at", None)
        timestamp_ms = (
            int(datetime.fromisoformat(stamp).timestamp() * 1000) if stamp is not None else None
        )
        if imported:
            imported.see(event, stamp)
        return Message(
            str(event.get("user_id", "")).encode(),
            json.dumps(event, ensure_ascii=False).encode(),
            timestamp_ms,
        )
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return Message(None, line, None)
