"""Sends dead letters through parsing again, as new records, after what refused them was fixed.

A letter stays what it is: the record at its offset could not be used. The new record names it in
its headers. Exactly once: before producing, each letter notes where the topic ends; a redrive that
was killed afterwards finds its records behind that point, by their headers.
"""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date

from podrec_assets.errors import UnusableInputError
from podrec_assets.ledger.ledger import json_by_partition
from podrec_assets.schemas import DEAD_LETTERS, EPISODES, USER_EVENTS, messages
from podrec_assets.schemas.dead_letters import PAYLOAD_BYTES, source_key
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake, is_one_of, mark_dead_letters, on_days
from podrec_assets.stores.kafka import KafkaStore, Message, Record

ORIGIN_HEADERS = (
    "podrec-origin-topic",
    "podrec-origin-partition",
    "podrec-origin-offset",
    "podrec-origin-topic-id",
)
"""Headers of a redriven record, in the order of the parts of a letter's source_key."""
KEYS = {USER_EVENTS.name: "user_id", EPISODES.name: "episode_id"}
"""Stages whose letters are records of a topic, with the field that is the record's key."""


@dataclass(frozen=True)
class Redriven:
    """What a redrive did with the letters of a reason, or would do.

    Attributes:
        sent_count: sent again, by topic.
        earlier_count: sent by an earlier redrive.
        refused_again_count: of records that a redrive had sent, and that were refused once more.
        cut_count: longer than what a letter keeps.
        absent_count: without content: empty records, and those of forgotten listeners.
        other_count: of stages that read no topic; these try again by themselves.
    """

    sent_count: dict[str, int]
    earlier_count: int = 0
    refused_again_count: int = 0
    cut_count: int = 0
    absent_count: int = 0
    other_count: int = 0


def redrive(
    lake: Lake,
    kafka: KafkaStore,
    settings: Settings,
    reason: str,
    day: date | None = None,
    stage: str = "",
    is_again: bool = False,
    is_dry_run: bool = False,
) -> Redriven:
    """Sends the dead letters of a reason to their topics once more.

    Args:
        lake: the tables.
        kafka: the topics.
        settings: names of the topics.
        reason: the reason of the letters.
        day: only the letters of this day.
        stage: only the letters of this stage.
        is_again: also those of records that a redrive had sent and that were refused once more.
        is_dry_run: only count.
    """
    conditions = [is_one_of("reason", [reason]), on_days([day]) if day else "true"]
    conditions.append(is_one_of("stage", [stage]) if stage else "true")
    topics = {USER_EVENTS.name: settings.events_topic, EPISODES.name: settings.episodes_topic}
    with lake.writing(DEAD_LETTERS.name):
        if not is_dry_run:
            for of_stage, topic in topics.items():
                _finish(lake, kafka, of_stage, topic)
        letters = lake.read(DEAD_LETTERS.name, " AND ".join(conditions)).to_pylist()
        marked = lake.read(DEAD_LETTERS.name, "redriven_to IS NOT NULL", ("redriven_to",))
        repeats = set(marked["redriven_to"].to_pylist())
        fates = [_fate(letter, repeats, is_again) for letter in letters]
        to_send = [letter for letter, fate in zip(letters, fates, strict=True) if fate == "sent"]
        counts = Counter(fates)
        if not is_dry_run:
            for of_stage, topic in topics.items():
                of_topic = [letter for letter in to_send if letter["stage"] == of_stage]
                _send(lake, kafka, settings, topic, of_topic)
                _finish(lake, kafka, of_stage, topic)
    return Redriven(
        dict(Counter(topics[letter["stage"]] for letter in to_send)),
        *(counts[f] for f in ("earlier", "refused again", "cut", "absent", "other")),
    )


def _fate(letter: dict, repeats: set[str], is_again: bool) -> str:
    """Says what becomes of a letter: sent, or why not."""
    if letter["stage"] not in KEYS or letter["kafka_topic"] is None:
        return "other"
    if letter["redriven_to"]:
        return "earlier"
    if letter["source_key"] in repeats and not is_again:
        return "refused again"
    if not letter["payload"]:
        return "absent"
    return "cut" if len(letter["payload"]) >= PAYLOAD_BYTES else "sent"


def _send(
    lake: Lake, kafka: KafkaStore, settings: Settings, topic: str, letters: list[dict]
) -> None:
    if not letters:
        return
    kafka.ensure_topic(topic, settings.kafka_partitions)
    ends = json.dumps(json_by_partition(kafka.end_offsets(topic)))
    mark_dead_letters(lake, [letter | {"redrive_from": ends} for letter in letters])
    kafka.produce(topic, (_message(letter) for letter in letters))


def _finish(lake: Lake, kafka: KafkaStore, stage: str, topic: str) -> None:
    """Notes on each letter that was being sent which record repeats it.

    A letter whose record never arrived is as if it had never been sent.
    """
    where = f"{is_one_of('stage', [stage])} AND redrive_from IS NOT NULL AND redriven_to IS NULL"
    letters = lake.read(DEAD_LETTERS.name, where).to_pylist()
    if not letters:
        return
    records = _redriven_since(kafka, topic, [json.loads(r["redrive_from"]) for r in letters])
    marked = [
        letter | {"redriven_to": to, "redrive_from": letter["redrive_from"] if to else None}
        for letter in letters
        for to in [records.get(letter["source_key"])]
    ]
    mark_dead_letters(lake, marked)


def _redriven_since(kafka: KafkaStore, topic: str, starts: list[dict[str, int]]) -> dict[str, str]:
    """Returns the key of each redriven record behind the lowest starts, by the origin's key."""
    low, ends = kafka.begin_offsets(topic), kafka.end_offsets(topic)
    if not ends:
        return {}
    first = {p: min(s.get(str(p), 0) for s in starts) for p in ends}
    # A start behind the end is of a topic that was recreated since.
    ranges = {p: (max(low[p], first[p] if first[p] <= end else 0), end) for p, end in ends.items()}
    topic_id = kafka.topic_id(topic)
    return {
        origin: source_key(r.topic, r.partition, r.offset, topic_id)
        for batch in kafka.read(topic, ranges)
        for r in batch
        if (origin := _origin(r))
    }


def _origin(record: Record) -> str:
    headers = dict(record.headers)
    parts = [headers[name].decode() for name in ORIGIN_HEADERS if headers.get(name)]
    return ":".join(parts) if len(parts) >= len(ORIGIN_HEADERS) - 1 else ""


def _message(letter: dict) -> Message:
    parts = letter["source_key"].split(":")
    # Letters of older versions lack the topic's id.
    headers = zip(ORIGIN_HEADERS, (part.encode() for part in parts), strict=False)
    return Message(_key(letter), letter["payload"], None, tuple(headers))


def _key(letter: dict) -> bytes | None:
    try:
        message = messages.parse_json(messages.text_of(letter["payload"]), takes_nan=True)
    except UnusableInputError:
        return None
    value = message.get(KEYS[letter["stage"]]) if isinstance(message, dict) else None
    return value.encode("utf-8", "replace") if isinstance(value, str) else None
