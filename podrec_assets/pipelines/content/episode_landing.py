"""Landing of `episode-metadata` into `episodes`.

The topic is small, so each touched day is read as a whole and replaced.
"""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial

from podrec_assets.content.feeds import episode_message
from podrec_assets.content.feeds.episode_message import TopicRecord
from podrec_assets.day_windows import days_between
from podrec_assets.ledger import ledger as offsets
from podrec_assets.ledger.continuity import check_continuity
from podrec_assets.ledger.record_dates import date_of
from podrec_assets.pipelines.unreadable_records import find_unreadable, has_known_reason
from podrec_assets.schemas import DEAD_LETTERS, EPISODES, Table
from podrec_assets.schemas.dead_letters import UNREADABLE, of_topic
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake, letters_of, on_days, replace_dead_letters
from podrec_assets.stores.kafka import KafkaStore, Record

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EpisodesLanded:
    """Result of a landing.

    Attributes:
        rows_by_day: number of rows of each day.
        dead_count: dead letters written.
        ledger: ledger after it.
        unreadable_count: dead letters of records that failed in an unforeseen way.
    """

    rows_by_day: dict[date, int]
    dead_count: int
    ledger: offsets.Ledger
    unreadable_count: int = 0


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
    before = lake.ledger(EPISODES.name)
    ledger = _advanced(before, kafka, topic, settings.start_day, today)
    touched = {d for d in ledger.days() if ledger.ranges(d) != before.ranges(d)}
    gaps = days_between(min(touched), max(*touched, *days)) if touched else []
    days = sorted({*days, *gaps})
    write = partial(_replace_days, days=days, ledger=ledger)
    try:
        return write(kafka.read(topic, offsets.union(ledger, days)), lake)
    except Exception as err:
        if has_known_reason(err):
            raise
        logger.warning("A landing failed; looking for the records that cause it", exc_info=err)
    records = [r for part in kafka.read(topic, offsets.union(ledger, days)) for r in part]
    known_good = [r._replace(value=episode_message.KNOWN_GOOD) for r in records[-1:]]
    unreadable = find_unreadable(records, known_good, lambda part, lake: write([part], lake))
    logger.warning("%d of %d records are unreadable", len(unreadable), len(records))
    readable = [r for n, r in enumerate(records) if n not in unreadable]
    return write([readable], lake, unreadable=[(records[n], e) for n, e in unreadable.items()])


def _replace_days(
    batches: Iterable[list[Record]],
    lake: Lake,
    days: list[date],
    ledger: offsets.Ledger,
    unreadable: Iterable[tuple[Record, Exception]] = (),
) -> EpisodesLanded:
    """Replaces rows and dead letters of the days by those of some records.

    Those of `unreadable` become dead letters with their error instead of being parsed.
    """

    def day_of(record: TopicRecord) -> date:
        return ledger.day_of(record.partition, record.offset)

    rows = []
    letters = [episode_message.unreadable_letter(r, day_of(r), err) for r, err in unreadable]
    held = {(record.partition, record.offset) for record, _ in unreadable}
    for records in batches:
        new_rows, new_letters = episode_message.landing_rows(records, day_of)
        rows += new_rows
        letters += new_letters
        held |= {(record.partition, record.offset) for record in records}
    letters = [of_topic(letter, ledger.topic_id) for letter in letters]
    if len(held) < offsets.offset_count(ledger, days):
        rows += _compacted(EPISODES, lake, on_days(days), held, ledger)
        where = f"{on_days(days)} AND {letters_of(EPISODES.name, ledger)}"
        letters += _compacted(DEAD_LETTERS, lake, where, held, ledger)
    rows.sort(key=lambda r: (r["kafka_partition"], r["kafka_offset"]))
    latest = {(r["day"], r["episode_id"]): r for r in rows if r["day"] in days}
    letters = [letter for letter in letters if letter["day"] in days]
    replace_dead_letters(lake, EPISODES.name, days, letters, ledger)
    table = EPISODES.rows(row for _, row in sorted(latest.items()))
    lake.replace_days(EPISODES, table, days, ledger.to_json())
    counts = Counter(day for day, _ in latest)
    unreadable_count = sum(letter["reason"] == UNREADABLE for letter in letters)
    return EpisodesLanded({d: counts[d] for d in days}, len(letters), ledger, unreadable_count)


def _advanced(
    ledger: offsets.Ledger, kafka: KafkaStore, topic: str, floor: date, today: date
) -> offsets.Ledger:
    """Returns the ledger after everything in the topic now."""
    low, ends = kafka.begin_offsets(topic), kafka.end_offsets(topic)
    topic_id = kafka.topic_id(topic)
    check_continuity(topic, ledger, low, ends, topic_id)
    ledger = offsets.begin(ledger, low, topic_id)
    earliest: offsets.FirstOffsets = {p: {} for p in ends}
    new = {p: (ledger.landed[p], end) for p, end in ends.items() if end > ledger.landed[p]}
    for records in kafka.read(topic, new):
        for record in records:
            earliest[record.partition].setdefault(date_of(record.timestamp_ms), record.offset)
    return offsets.advance(ledger, ends, earliest, floor, today)


def _compacted(
    table: Table, lake: Lake, where: str, held: set[tuple[int, int]], ledger: offsets.Ledger
) -> list[dict]:
    """Returns rows of landed records that the topic no longer holds, because it is compacted."""
    return [
        row
        for row in lake.read(table.name, where).to_pylist()
        if (place := (row["kafka_partition"], row["kafka_offset"])) not in held
        and ledger.is_landed(row["day"], *place)
    ]
