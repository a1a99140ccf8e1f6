"""Landing of `episode-metadata` into the `episodes` table: a small topic, so each touched day is
read whole and replaced.
"""

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
    """What one landing of announcements did."""

    rows_by_day: dict[date, int]
    dead_count: int
    ledger: offsets.Ledger


def land_episodes(
    lake: Lake, kafka: KafkaStore, settings: Settings, days: list[date], today: date
) -> EpisodesLanded:
    """Replaces the requested days, and every day that new offsets reach, by what the topic holds
    for them.

    Days of the range that the log has not touched are written empty. Idempotent.

    Raises:
        DataLossError: the topic no longer holds what has to be read.
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
        found, refused = episode_message.landing_rows(
            records, lambda r: ledger.day_of(r.partition, r.offset)
        )
        rows += found
        dead += refused
    latest = {
        (r["day"], r["episode_id"]): r
        for r in sorted(rows, key=lambda r: (r["kafka_partition"], r["kafka_offset"]))
    }
    replace_dead_letters(lake, EPISODES.name, days, [d for d in dead if d["day"] in days])
    kept = [r for _, r in sorted(latest.items()) if r["day"] in days]
    lake.replace_days(EPISODES, EPISODES.rows(kept), days, ledger.to_json())
    counts = {d: sum(r["day"] == d for r in kept) for d in days}
    return EpisodesLanded(counts, len(dead), ledger)


def _advanced(
    ledger: offsets.Ledger, kafka: KafkaStore, topic: str, floor: date, today: date
) -> offsets.Ledger:
    """The ledger after everything that the topic holds now, as far as its day has begun."""
    low, ends, topic_id = (
        kafka.begin_offsets(topic),
        kafka.end_offsets(topic),
        kafka.topic_id(topic),
    )
    offsets.check_continuity(topic, ledger, low, ends, topic_id)
    ledger = offsets.begin(ledger, low, topic_id)
    earliest: dict[int, dict[date, int]] = {p: {} for p in ends}
    for records in kafka.read(
        topic, {p: (ledger.landed[p], end) for p, end in ends.items() if end > ledger.landed[p]}
    ):
        for record in records:
            earliest[record.partition].setdefault(record_day(record), record.offset)
    return offsets.advance(ledger, ends, earliest, floor, today)


def record_day(record: Record) -> date:
    """UTC date of a record's timestamp. Raises PermanentError for a record without one."""
    if record.timestamp_ms < 0:
        raise PermanentError(
            f"{record.topic}:{record.partition}:{record.offset} has no timestamp; the topic needs CreateTime."
        )
    return datetime.fromtimestamp(record.timestamp_ms / 1000, UTC).date()
