"""Import of events that other software exported, as messages of `user-events`.

Files are JSON lines or CSV; an episode is named by id, audio file or guid.
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
from podrec_assets.schemas import EPISODES
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
REQUIRED = ("user_id", "kind", "occurred_at")
"""Columns without which landing would refuse every row of a CSV file."""


def lines_of(file: Path) -> Iterator[bytes]:
    """Yields the lines of a JSON lines file, or the rows of a CSV file as JSON objects.

    A CSV file is named .csv and has a header.

    Raises:
        PermanentError: the CSV header lacks a required column, or a row is unreadable; the rows
            before it were yielded.
    """
    if file.suffix.lower() != ".csv":
        with file.open("rb") as lines:
            yield from (line.rstrip(b"\r\n") for line in lines if line.strip())
        return
    with file.open(encoding="utf-8-sig", newline="", errors="surrogateescape") as text:
        rows = csv.DictReader(text)
        try:
            rows.fieldnames = [name.strip() for name in rows.fieldnames or ()]
            if missing := [name for name in REQUIRED if name not in rows.fieldnames]:
                raise PermanentError(
                    f"{file} is not a CSV file of events: its first line, read as UTF-8 with "
                    f"commas, has no column {', '.join(missing)}."
                )
            for event in filter(None, map(_event, rows)):
                yield json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogateescape")
        except csv.Error as err:
            raise PermanentError(
                f"Line {rows.line_num + 1} of {file} cannot be read: {err}."
            ) from err


def _event(row: dict) -> dict:
    """Returns the non-empty cells of a row.

    A row without an event_id gets one derived from its content, so importing a file twice counts
    once.
    """
    event = {
        name: _value(name, cell.strip())
        for name, cell in row.items()
        if name and isinstance(cell, str) and cell.strip()
    }
    if event and "event_id" not in event:
        content = json.dumps(event, sort_keys=True).encode()
        event["event_id"] = f"csv-{hashlib.sha256(content).hexdigest()[:16]}"
    return event


def _value(name: str, cell: str) -> str | int | float:
    try:
        return NUMBERS[name](cell) if name in NUMBERS else cell
    except ValueError:  # landing refuses it with a reason
        return cell


@dataclass
class EpisodeNames:
    """Known episodes by their publishers' names: audio file, or guid.

    A guid alone identifies an episode if only one feed has it.
    """

    lake: Lake
    _ids: dict[str, str | None] | None = field(default=None, init=False)

    def episode_id(self, event: dict) -> str | None:
        """Returns the episode named by `audio_url`, or `guid` and `feed_url`; None if unknown."""
        if self._ids is None:
            self._ids = self._read()
        audio, guid, feed = (
            str(event.get(name) or "").strip() for name in ("audio_url", "guid", "feed_url")
        )
        keys = [
            f"audio {audio_key(audio)}" if audio else "",
            f"guid {guid} {feed_key(feed) if feed else ''}" if guid else "",
        ]
        return next((name for key in keys if (name := self._ids.get(key))), None)

    def _read(self) -> dict[str, str | None]:
        columns = ("day", "episode_id", "audio_url", "guid", "feed_url")
        ids: dict[str, str | None] = {}
        for row in latest(self.lake.read(EPISODES.name, columns=columns)).to_pylist():
            guid, episode, keys = (row["guid"] or "").strip(), row["episode_id"], []
            if row["audio_url"]:
                keys.append(f"audio {audio_key(row['audio_url'])}")
            if guid:
                keys += [f"guid {guid} {feed_key(row['feed_url'])}", f"guid {guid} "]
            for key in keys:
                # A key of two episodes identifies neither.
                ids[key] = episode if ids.get(key, episode) == episode else None
        return ids


@dataclass
class Imported:
    """Statistics of an import, filled while its lines become messages.

    Attributes:
        names: known episodes.
        resolved_count: events whose episode was found by audio file or guid.
        unknown_count: events whose episode was not found.
        first_unknown: audio file or guid of the first of these.
        first_day: earliest day that an event can belong to.
    """

    names: EpisodeNames
    resolved_count: int = 0
    unknown_count: int = 0
    first_unknown: str | None = None
    first_day: date | None = None

    def add(self, event: dict, recorded_at: str | None) -> None:
        """Adds the missing episode_id to an event, and updates the statistics."""
        name = event.get("audio_url") or event.get("guid")
        if name and not event.get("episode_id"):
            if episode := self.names.episode_id(event):
                event["episode_id"] = episode
                self.resolved_count += 1
            else:
                self.unknown_count += 1
                self.first_unknown = self.first_unknown or str(name)
        for text in (recorded_at, event.get("occurred_at")):
            # Overflow: in some zones the first and last possible dates have no UTC date.
            with suppress(ValueError, TypeError, OverflowError):
                day = datetime.fromisoformat(text).astimezone(UTC).date()  # type: ignore[arg-type]
                self.first_day = min(self.first_day or day, day)


def to_message(line: bytes, imported: Imported | None = None) -> Message:
    """Returns the Kafka record of one line; landing refuses a line that is not an event."""
    try:
        event = json.loads(line)
        stamp = event.pop("recorded_at", None)
        timestamp_ms = (
            int(datetime.fromisoformat(stamp).timestamp() * 1000) if stamp is not None else None
        )
        if imported:
            imported.add(event, stamp)
        return Message(
            str(event.get("user_id", "")).encode(),
            json.dumps(event, ensure_ascii=False).encode(),
            timestamp_ms,
        )
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return Message(None, line, None)
