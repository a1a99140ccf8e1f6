"""Landing of `user-events` into Delta: new records, and replay of landed days.

Both engines use the same parsing, log-day rule and commit. Dead letters are written first, by key;
rows and the ledger of landed offsets follow in one commit. Only the table's ledger says what is
landed, so a lost checkpoint, a repeated batch and a killed driver all end in the same rows.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import pyarrow as pa

from podrec_assets.ledger import ledger as offsets
from podrec_assets.ledger.continuity import check_available, check_continuity
from podrec_assets.ledger.gaps import count_gaps
from podrec_assets.ledger.ledger import FirstOffsets, Ledger, Offsets
from podrec_assets.ledger.reconciliation import accounts
from podrec_assets.listening import event_batches
from podrec_assets.listening.event_message import KNOWN_GOOD
from podrec_assets.pipelines.listening.event_reader import Batch, EventReader, ParsedBatch
from podrec_assets.pipelines.listening.event_recovery import restore_days
from podrec_assets.pipelines.listening.local_reader import LocalBatch
from podrec_assets.pipelines.unreadable_records import find_unreadable, has_known_reason
from podrec_assets.schemas import USER_EVENTS
from podrec_assets.schemas.dead_letters import UNREADABLE, of_topic
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake, add_dead_letters, replace_dead_letters
from podrec_assets.stores.kafka import KafkaStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Landed:
    """Result of a landing.

    Attributes:
        row_count: rows written.
        dead_count: dead letters written.
        ledger: ledger after it.
        log_days: log days of the rows and dead letters.
        event_days: event days of the rows.
        unreadable_count: dead letters of records that failed in an unforeseen way.
    """

    row_count: int
    dead_count: int
    ledger: Ledger
    log_days: frozenset[date] = frozenset()
    event_days: frozenset[date] = frozenset()
    unreadable_count: int = 0

    def then(self, other: "Landed") -> "Landed":
        """Returns this landing followed by `other`."""
        return Landed(
            self.row_count + other.row_count,
            self.dead_count + other.dead_count,
            other.ledger,
            self.log_days | other.log_days,
            self.event_days | other.event_days,
            self.unreadable_count + other.unreadable_count,
        )


@dataclass(frozen=True)
class EventLanding:
    """Lands the events topic of one Kafka into one lake."""

    lake: Lake
    kafka: KafkaStore
    settings: Settings
    today: date
    reader: EventReader

    def run(self, days: list[date]) -> Landed:
        """Lands what is new, then replays the requested days that were complete before.

        A day that retention removed from the topic is restored from the table's history instead.

        Raises:
            DataLossError: the topic lost offsets that are needed, or was recreated.
        """
        before = self.ledger()
        landed = self.land_new()
        complete = [
            d for d in days if before.ranges(d) and before.ranges(d) == landed.ledger.ranges(d)
        ]
        low = self.kafka.begin_offsets(self.settings.events_topic)
        in_topic = [
            d
            for d in complete
            if all(start >= low.get(p, 0) for p, (start, _) in before.ranges(d).items())
        ]
        if in_topic:
            landed = landed.then(self.replay(in_topic))
        with self.lake.writing(USER_EVENTS.name):
            restore_days(self.lake, self.ledger(), sorted(set(complete) - set(in_topic)))
        with self.lake.writing(USER_EVENTS.name):
            if set(days) - self.lake.state(USER_EVENTS.name).days:
                self.lake.note(USER_EVENTS, days, self.ledger().to_json())
        return landed

    def land_new(self) -> Landed:
        """Lands everything from the ledger to the end of the topic. Idempotent."""
        with self.lake.writing(USER_EVENTS.name):
            # Spark does not know our definitions, so columns are added before it writes.
            self.lake.evolve_schema(USER_EVENTS)
            start = self._begin()
            total = Landed(0, 0, start)

            def land(batch: Batch) -> None:
                nonlocal total
                total = total.then(self._isolating(batch, EventLanding._land))

            ends = self.kafka.end_offsets(self.settings.events_topic)
            if any(end > start.landed[p] for p, end in ends.items()):
                self.reader.stream(start.landed, land)
                total = total.then(self._land_rest(ends))
        return total

    def replay(self, days: list[date]) -> Landed:
        """Reads exactly the landed offsets of the days again and replaces the days.

        Days are combined while they fit into one batch, so memory is bounded by a batch or by the
        largest day.
        """
        topic = self.settings.events_topic
        with self.lake.writing(USER_EVENTS.name):
            self.lake.evolve_schema(USER_EVENTS)
            # Read under the lock: an older ledger would undo another landing.
            ledger = self.ledger()
            low = self.kafka.begin_offsets(topic)
            check_available(topic, offsets.union(ledger, days), low)
            total = Landed(0, 0, ledger)
            for group in _groups(ledger, days, self.settings.events_per_batch):
                for batch in self.reader.read(offsets.union(ledger, group)):
                    held = self._held_days(batch, group, ledger)
                    replace_held = partial(EventLanding._replace, days=held, ledger=ledger)
                    total = total.then(self._isolating(batch, replace_held))
                    restore_days(self.lake, ledger, sorted(set(group) - set(held)))
        return total

    def _held_days(self, batch: Batch, days: list[date], ledger: Ledger) -> list[date]:
        """Returns the days whose landed records Kafka still has; compaction may remove some."""
        records = event_batches.record_counts(batch.positions(), Ledger(), ledger)
        compacted = {a.day for a in accounts(ledger, days, records, Counter()) if a.missing_count}
        return [day for day in days if day not in compacted]

    def _replace(self, batch: Batch, days: list[date], ledger: Ledger) -> Landed:
        parsed = batch.parse(Ledger(), ledger)
        letters = [d for d in _letters(parsed, ledger) if d["day"] in days]
        replace_dead_letters(self.lake, USER_EVENTS.name, days, letters, ledger)
        parsed.replace(days, ledger)
        return _summary(parsed, letters, ledger)

    def _isolating(self, batch: Batch, land: Callable[["EventLanding", Batch], Landed]) -> Landed:
        """Lands a batch; where that fails unforeseen, all but the records that cause it.

        That second landing is done in this process, so both engines give the same dead letters.
        """
        try:
            return land(self, batch)
        except Exception as err:
            if has_known_reason(err):
                raise
            logger.warning("A batch failed; its records land in this process", exc_info=err)
            return self._land_readable(batch.to_arrow(), land)

    def _land_readable(
        self, records: pa.Table, land: Callable[["EventLanding", Batch], Landed]
    ) -> Landed:
        def rehearse(part: pa.Table, lake: Lake) -> None:
            land(replace(self, lake=lake), LocalBatch(part, lake, self.settings))

        unreadable = find_unreadable(records, _known_good(records), rehearse)
        logger.warning("%d of %d records are unreadable", len(unreadable), len(records))
        return land(self, LocalBatch(records, self.lake, self.settings, unreadable))

    def ledger(self) -> Ledger:
        """Returns what the table has landed."""
        return self.lake.ledger(USER_EVENTS.name)

    def _begin(self) -> Ledger:
        """Returns the ledger with a start for every partition of the topic.

        Raises:
            DataLossError: the topic lost records that are not landed.
        """
        topic, ledger = self.settings.events_topic, self.ledger()
        low, topic_id = self.kafka.begin_offsets(topic), self.kafka.topic_id(topic)
        check_continuity(topic, ledger, low, self.kafka.end_offsets(topic), topic_id)
        return offsets.begin(ledger, low, topic_id)

    def _advanced(self, since: Ledger, ends: Offsets, earliest: FirstOffsets) -> Ledger:
        ahead = {p: max(end, since.landed[p]) for p, end in ends.items()}
        return offsets.advance(since, ahead, earliest, self.settings.start_day, self.today)

    def _land_rest(self, ends: Offsets) -> Landed:
        """Lands the offsets behind the last record: transaction markers, aborted records."""
        ledger = since = self._begin()
        if any(end > since.landed[p] for p, end in ends.items()):
            ledger = count_gaps(since, self._advanced(since, ends, {}), Counter())
            self.lake.note(USER_EVENTS, [], ledger.to_json())
        return Landed(0, 0, ledger)

    def _land(self, batch: Batch) -> Landed:
        """Lands one batch; a batch that is already landed changes nothing."""
        since, positions = self._begin(), batch.positions()
        ends, earliest = event_batches.ends(positions), event_batches.day_boundaries(positions)
        ledger = self._advanced(since, ends, earliest)
        ledger = count_gaps(since, ledger, event_batches.record_counts(positions, since, ledger))
        parsed = batch.parse(since, ledger)
        letters = _letters(parsed, ledger)
        add_dead_letters(self.lake, letters)
        parsed.append(ledger.days(), ledger)
        return _summary(parsed, letters, ledger)


def _letters(parsed: ParsedBatch, ledger: Ledger) -> list[dict]:
    return [of_topic(letter, ledger.topic_id) for letter in parsed.dead_letters()]


def _summary(parsed: ParsedBatch, letters: list[dict], ledger: Ledger) -> Landed:
    counts = parsed.row_counts()
    return Landed(
        sum(n for _, _, n in counts),
        len(letters),
        ledger,
        frozenset({day for day, _, _ in counts} | {d["day"] for d in letters}),
        frozenset(event_day for _, event_day, _ in counts),
        sum(letter["reason"] == UNREADABLE for letter in letters),
    )


def _known_good(records: pa.Table) -> pa.Table:
    """Returns the last record with a message without fault."""
    last, value = records[-1:], records.schema.get_field_index("value")
    return last.set_column(value, "value", pa.array([KNOWN_GOOD] * len(last), pa.binary()))


def _groups(ledger: Ledger, days: list[date], limit: int) -> list[list[date]]:
    """Groups the days in order, while the span of a group is at most `limit` offsets."""
    size, groups = partial(offsets.offset_count, ledger), list[list[date]]()
    for day in sorted(days):
        if groups and (not size(groups[-1]) or size([*groups[-1], day]) <= limit):
            groups[-1].append(day)
        else:
            groups.append([day])
    return groups


def accept_loss(lake: Lake, kafka: KafkaStore, topic: str) -> Ledger:
    """Records what retention removed before it landed as lost; returns the new ledger."""
    with lake.writing(USER_EVENTS.name):
        ledger = offsets.accept_loss(lake.ledger(USER_EVENTS.name), kafka.begin_offsets(topic))
        lake.note(USER_EVENTS, [], ledger.to_json())
    return ledger
