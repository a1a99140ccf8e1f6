"""Landing of `episode-metadata` into `episodes`.

The topic is small, so each touched day is read as a whole and replaced.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime

from podrec_assets.content.feeds import episode_message
from podrec_assets.day_windows import days_between
from podrec_assets.errors import PermanentError
from podrec_assets.ledger import ledger as offsets
from podrec_assets.schemas import EPISODES
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake, replace_dead_letters
from podrec_assets.stores.kafka import KafkaStore, Record


@dataclass(frozen=True)
class EpisodesLanded:
    """Result of a landing: rows by day, number of dead letters, and the ledger after it."""

    rows_by_day: dict[date, int]
    dead_count: int
    ledger: offsets.Ledger


def land_episodes(
    lake: Lake, kafka: KafkaStore, settings: Settings, days: list[date], today: date
) -> EpisodesLanded:
    """Replaces the requested days, and the days of new records, by the topic's announcements.

    Days between them without announcements are written empty. Idempotent.

    Raises:
        DataLossError: the topic no longer holds the records to read.
    """
    with lake.writing(EPISODES.name):
        return _land(lake, kafka, settings, days, today)


def _land(
    lake: Lake, kafka: KafkaStore, settings: Settings, days: list[date], today: date
) -> EpisodesLanded:
    topic = settings.episodes_topic
    before = offsets.Ledger.from_json(lake.state(EPISODES.name).ledger)
    ledger = _advanced(before, kafka, topic, settings.start_day, today)
    touched = {d for d in ledger.days() if ledger.ranges(d) != before.ranges(d)}
    gaps = days_between(min(touched), max(*touched, *days)) if touched else []
    days = sorted({*days, *gaps})
    rows, dead = [], []
    for records in kafka.read(topic, offsets.union(ledger, days)):
        new_rows, letters = episode_message.landing_rows(
            records, lambda r: ledger.day_of(r.partition, r.offset)
        )
        rows += new_rows
        dead += letters
    rows.sort(key=lambda r: (r["kafka_partition"], r["kafka_offset"]))
    latest = {(r["day"], r["episode_id"]): r for r in rows if r["day"] in days}
    replace_dead_letters(lake, EPISODES.name, days, [d for d in dead if d["day"] in days])
    table = EPISODES.rows(row for _, row in sorted(latest.items()))
    lake.replace_days(EPISODES, table, days, ledger.to_json())
    counts = Counter(day for day, _ in latest)
    return EpisodesLanded({day: counts[day] for day in days}, len(dead), ledger)


def _advanced(
    ledger: offsets.Ledger, kafka: KafkaStore, topic: str, floor: date, today: date
) -> offsets.Ledger:
    """Returns the ledger after everything in the topic now, except records of tomorrow."""
    low, ends = kafka.begin_offsets(topic), kafka.end_offsets(topic)
    topic_id = kafka.topic_id(topic)
    offsets.check_continuity(topic, ledger, low, ends, topic_id)
    ledger = offsets.begin(ledger, low, topic_id)
    earliest: dict[int, dict[date, int]] = {p: {} for p in ends}
    new = {p: (ledger.landed[p], end) for p, end in ends.items() if end > ledger.landed[p]}
    for records in kafka.read(topic, new):
        for record in records:
            earliest[record.partition].setdefault(record_day(record), record.offset)
    return offsets.advance(ledger, ends, earliest, floor, today)


def record_day(record: Record) -> date:
    """Returns the UTC date of a record's timestamp.

    Raises:
        PermanentError: the record has no timestamp.
    """
    if record.timestamp_ms < 0:
        raise PermanentError(
            f"{record.topic}:{record.partition}:{record.offset} has no timestamp: "
            "set message.timestamp.type=CreateTime for the topic."
        )
    return datetime.fromtimestamp(record.timestamp_ms / 1000, UTC).date()
