"""Landing of `user-events` into Delta: new records, and replay of landed days.

Both engines use the same parsing, log-day rule and commit. Dead letters are written first, by key;
rows and the ledger of landed offsets follow in one commit. Only the table's ledger says what is
landed, so a lost checkpoint, a repeated batch and a killed driver all end in the same rows.
"""

from dataclasses import dataclass
from datetime import date

from filelock import FileLock, Timeout

from podrec_assets.ledger import ledger as offsets
from podrec_assets.ledger.ledger import Ledger
from podrec_assets.pipelines.listening.event_reader import Batch, EventReader, ParsedBatch
from podrec_assets.pipelines.listening.event_recovery import restore_days
from podrec_assets.schemas import USER_EVENTS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake, add_dead_letters, replace_dead_letters
from podrec_assets.stores.kafka import KafkaStore


@dataclass(frozen=True)
class Landed:
    """Result of a landing.

    Attributes:
        row_count: rows written.
        dead_count: dead letters written.
        ledger: ledger after it.
        log_days: log days of the rows and dead letters.
        event_days: event days of the rows.
    """

    row_count: int
    dead_count: int
    ledger: Ledger
    log_days: frozenset[date] = frozenset()
    event_days: frozenset[date] = frozenset()

    def then(self, other: "Landed") -> "Landed":
        """Returns this landing followed by `other`."""
        return Landed(
            self.row_count + other.row_count,
            self.dead_count + other.dead_count,
            other.ledger,
            self.log_days | other.log_days,
            self.event_days | other.event_days,
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
        """Lands everything from the ledger to the end of the topic, except records of tomorrow.

        Idempotent.
        """
        with self.lake.writing(USER_EVENTS.name):
            # Spark does not know our definitions, so columns are added before it writes.
            self.lake.evolve_schema(USER_EVENTS)
            start = self._begin()
            total = Landed(0, 0, start)

            def land(batch: Batch) -> None:
                nonlocal total
                total = total.then(self._land(batch))

            ends = self.kafka.end_offsets(self.settings.events_topic)
            if any(end > start.landed[p] for p, end in ends.items()):
                self.reader.stream(start.landed, land)
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
            offsets.check_available(topic, offsets.union(ledger, days), low)
            total = Landed(0, 0, ledger)
            for group in _groups(ledger, days, self.settings.events_per_batch):
                for batch in self.reader.read(offsets.union(ledger, group)):
                    total = total.then(self._replace(batch, group, ledger))
        return total

    def _replace(self, batch: Batch, days: list[date], ledger: Ledger) -> Landed:
        parsed = batch.parse(Ledger(), ledger)
        letters = [d for d in parsed.dead_letters() if d["day"] in days]
        replace_dead_letters(self.lake, USER_EVENTS.name, days, letters)
        parsed.replace(days, ledger)
        return _summary(parsed, letters, ledger)

    def ledger(self) -> Ledger:
        """Returns what the table has landed."""
        return Ledger.from_json(self.lake.state(USER_EVENTS.name).ledger)

    def _begin(self) -> Ledger:
        """Returns the ledger with a start for every partition of the topic.

        Raises:
            DataLossError: the topic lost records that are not landed.
        """
        topic, ledger = self.settings.events_topic, self.ledger()
        low, topic_id = self.kafka.begin_offsets(topic), self.kafka.topic_id(topic)
        offsets.check_continuity(topic, ledger, low, self.kafka.end_offsets(topic), topic_id)
        return offsets.begin(ledger, low, topic_id)

    def _land(self, batch: Batch) -> Landed:
        """Lands one batch; a batch that is already landed changes nothing."""
        since = self._begin()
        ends = {p: max(end, since.landed[p]) for p, end in batch.ends().items()}
        first_day = self.settings.start_day
        ledger = offsets.advance(since, ends, batch.day_boundaries(), first_day, self.today)
        parsed = batch.parse(since, ledger)
        letters = parsed.dead_letters()
        add_dead_letters(self.lake, letters)
        parsed.append(ledger.days(), ledger)
        return _summary(parsed, letters, ledger)


def _summary(parsed: ParsedBatch, letters: list[dict], ledger: Ledger) -> Landed:
    counts = parsed.row_counts()
    return Landed(
        sum(n for _, _, n in counts),
        len(letters),
        ledger,
        frozenset({day for day, _, _ in counts} | {d["day"] for d in letters}),
        frozenset(event_day for _, event_day, _ in counts),
    )


def _groups(ledger: Ledger, days: list[date], limit: int) -> list[list[date]]:
    """Groups the days in order, while the span of a group is at most `limit` offsets."""

    def size(group: list[date]) -> int:
        return sum(end - start for start, end in offsets.union(ledger, group).values())

    groups: list[list[date]] = []
    for day in sorted(days):
        if groups and (not size(groups[-1]) or size([*groups[-1], day]) <= limit):
            groups[-1].append(day)
        else:
            groups.append([day])
    return groups


def accept_loss(lake: Lake, kafka: KafkaStore, topic: str) -> Ledger:
    """Records what retention removed before it landed as lost; returns the new ledger."""
    with lake.writing(USER_EVENTS.name):
        ledger = offsets.accept_loss(
            Ledger.from_json(lake.state(USER_EVENTS.name).ledger), kafka.begin_offsets(topic)
        )
        lake.note(USER_EVENTS, [], ledger.to_json())
    return ledger


def stream_lock(lake: Lake) -> FileLock:
    """Returns the lock that `podrec stream` holds while it lands events."""
    lake.lock_folder.mkdir(parents=True, exist_ok=True)
    return FileLock(lake.lock_folder / "stream.lock", timeout=0)


def is_streaming(lake: Lake) -> bool:
    """Whether a process streams into the lake; then no landing has to be requested."""
    try:
        with stream_lock(lake):
            return False
    except Timeout:
        return True
