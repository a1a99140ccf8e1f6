"""Import of events that other software exported, as messages of `user-events`.

An episode is named by id, audio file or guid. A line that cannot be produced is named, and the
others are.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from podrec_assets.content.feeds.ids import audio_key, feed_key
from podrec_assets.day_windows import latest
from podrec_assets.errors import UnusableInputError
from podrec_assets.listening.event_message import Refusal, parse
from podrec_assets.pipelines.listening.event_files import FileLine
from podrec_assets.schemas import EPISODES, messages
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.kafka import Message

SHOWN = 20
"""Refused lines that an import names."""


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
class EventImport:
    """An import, with statistics that are filled while its lines become messages.

    Attributes:
        names: known episodes.
        future_skew_s: seconds by which an event may be ahead of its record.
        now: the time of records without a recorded_at.
        resolved_count: events whose episode was found by audio file or guid.
        unknown_count: events whose episode was not found.
        first_unknown: audio file or guid of the first of these.
        first_day: earliest day that an event can belong to.
        refused_count: lines that were not produced.
        refused: the first of them, each with `line` and `reason`.
    """

    names: EpisodeNames
    future_skew_s: int
    now: datetime
    resolved_count: int = 0
    unknown_count: int = 0
    first_unknown: str | None = None
    first_day: date | None = None
    refused_count: int = 0
    refused: list[dict] = field(default_factory=list)

    def messages(self, lines: Iterable[FileLine]) -> Iterator[Message]:
        """Yields the Kafka records of the lines that can be produced."""
        for line in lines:
            if line.refusal:
                self.refuse(line.number, line.refusal)
                continue
            try:
                yield self._message(line)
            except (UnusableInputError, Refusal) as err:
                self.refuse(line.number, str(err))

    def refuse(self, number: int | None, reason: str) -> None:
        """Counts a line that is not produced."""
        self.refused_count += 1
        if len(self.refused) < SHOWN:
            self.refused.append({"line": number, "reason": reason})

    def _message(self, line: FileLine) -> Message:
        event, recorded_at = _read(line.value)
        is_resolved = event is not None and self._resolve(event)
        message = _message(line.value, event, recorded_at, is_resolved, line.number)
        if line.is_row:
            self._check(event, message, recorded_at or self.now)
        if event is not None:
            self._note_days(recorded_at, event.get("occurred_at"))
        return message

    def _resolve(self, event: dict) -> bool:
        """Adds the missing episode_id to an event; returns whether it did."""
        name = event.get("audio_url") or event.get("guid")
        if not name or event.get("episode_id"):
            return False
        episode = self.names.episode_id(event)
        if episode:
            event["episode_id"] = episode
            self.resolved_count += 1
            return True
        self.unknown_count += 1
        self.first_unknown = self.first_unknown or str(name)
        return False

    def _check(self, event: dict | None, message: Message, recorded_at: datetime) -> None:
        """Raises Refusal if landing would refuse the row, unless its episode is not known yet."""
        value = message.value
        if event and "episode_id" not in event and (event.get("audio_url") or event.get("guid")):
            value = json.dumps(event | {"episode_id": "unknown"}).encode()
        parse(value, recorded_at, self.future_skew_s)

    def _note_days(self, recorded_at: datetime | None, occurred_at: object) -> None:
        times = [recorded_at]
        # Not a time, or without a UTC date; landing refuses it.
        with suppress(ValueError, TypeError):
            times.append(datetime.fromisoformat(occurred_at))  # type: ignore[arg-type]
        for moment in times:
            if moment is not None and moment.tzinfo is not None:
                with suppress(OverflowError):
                    day = moment.astimezone(UTC).date()
                    self.first_day = min(self.first_day or day, day)


def to_message(line: bytes) -> Message:
    """Returns the Kafka record of one JSON line; what is no JSON object is produced as it is.

    Raises:
        UnusableInputError: recorded_at is not a time with a zone.
    """
    return _message(line, *_read(line))


def _message(
    line: bytes,
    event: dict | None,
    recorded_at: datetime | None,
    is_changed: bool = False,
    number: int | None = None,
) -> Message:
    if event is None:
        return Message(None, line, line=number)
    value = line
    if is_changed or recorded_at is not None:
        # What JSON cannot hold is left to landing, which refuses it with a reason.
        with suppress(ValueError):
            value = json.dumps(event, ensure_ascii=False, allow_nan=False).encode()
    stamp = None if recorded_at is None else int(recorded_at.timestamp() * 1000)
    key = str(event.get("user_id", "")).encode(errors="replace")
    return Message(key, value, stamp, line=number)


def _read(line: bytes) -> tuple[dict | None, datetime | None]:
    """The event in a line without its recorded_at, None if it is no JSON object; and that time."""
    try:
        event = messages.parse_json(messages.text_of(line), takes_nan=True)
    except UnusableInputError:
        return None, None
    if not isinstance(event, dict):
        return None, None
    stamp = event.pop("recorded_at", None)
    return event, None if stamp is None else _recorded_at(stamp)


def _recorded_at(stamp: object) -> datetime:
    problem = "is not an ISO 8601 time with a zone, like 2026-11-02T08:00:00Z"
    if not isinstance(stamp, str):
        raise UnusableInputError("bad_time", f"recorded_at {str(stamp)[:40]} {problem}")
    try:
        recorded_at = datetime.fromisoformat(stamp)
    except ValueError as err:
        raise UnusableInputError("bad_time", f"recorded_at {stamp[:40]!r} {problem}") from err
    if recorded_at.tzinfo is None:
        raise UnusableInputError("time_without_zone", f"recorded_at {stamp[:40]!r} has no zone")
    if recorded_at < datetime.combine(Settings.start_day, time(), UTC):
        raise UnusableInputError(
            "bad_time",
            f"recorded_at {stamp[:40]!r} is before the tables' first day {Settings.start_day}",
        )
    return recorded_at
