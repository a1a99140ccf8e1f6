"""Landing of `user-events` into Delta: what is new, replay of landed days, and the commit that
makes both idempotent.

Both engines run the same parsing, the same log-day rule and the same commit: dead letters first, by
key, then rows and the ledger of landed offsets together. The table's ledger alone says what is
landed, so a lost checkpoint, a repeated batch and a killed driver end in the same rows.
"""

from dataclasses import dataclass
from datetime import date

from filelock import FileLock, Timeout

from podrec_assets.ledger import ledger as offsets
from podrec_assets.ledger.ledger import Ledger
from podrec_assets.pipelines.listening.event_reader import Batch, EventReader, Tagged
from podrec_assets.pipelines.listening.event_recovery import restore_days
from podrec_assets.schemas import USER_EVENTS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake, add_dead_letters, replace_dead_letters
from podrec_assets.stores.kafka import KafkaStore


@dataclass(frozen=True)
class Landed:
    """What a landing did: rows and dead letters added, the ledger after it, and the days it
    touched.
    """

    row_count: int
    dead_count: int
    ledger: Ledger
    log_days: frozenset[date] = frozenset()
    event_days: frozenset[date] = frozenset()

    def then(self, other: "Landed") -> "Landed":
        """This landing followed by `other`."""
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
        """Lands what is new, then reads the requested days again whose offsets had all been landed
        before (replay).

        A day that retention has removed from the topic is not read again but made whole from the
        table's history.

        Raises:
            DataLossError: the topic lost offsets that are needed, or was created anew.
        """
        before = self.ledger()
        landed = self.land_new()
        again = [
            d for d in days if before.ranges(d) and before.ranges(d) == landed.ledger.ranges(d)
        ]
        low = self.kafka.begin_offsets(self.settings.events_topic)
        held = [
            d
            for d in again
            if all(start >= low.get(p, 0) for p, (start, _) in before.ranges(d).items())
        ]
        if held:
            landed = landed.then(self.replay(held))
        with self.lake.writing(USER_EVENTS.name):
            restore_days(self.lake, self.ledger(), sorted(set(again) - set(held)))
        with self.lake.writing(USER_EVENTS.name):
            if set(days) - self.lake.state(USER_EVENTS.name).days:
                self.lake.note(USER_EVENTS, days, self.ledger().to_json())
        return landed

    def land_new(self) -> Landed:
        """Lands everything from the ledger up to the topic's end, or up to what lies in tomorrow.
        Idempotent.
        """
        with self.lake.writing(USER_EVENTS.name):
            self.lake.evolve_schema(
                USER_EVENTS
            )  # before Spark writes, which knows nothing of our definitions
            start = self._begin()
            ends = self.kafka.end_offsets(self.settings.events_topic)
            done = [Landed(0, 0, start)]
            if any(end > start.landed[p] for p, end in ends.items()):
                self.reader.stream(start.landed, lambda batch: done.append(self._land(batch)))
        total = done[0]
        for step in done[1:]:
            total = total.then(step)
        return total

    def replay(self, days: list[date]) -> Landed:
        """Reads exactly the landed offsets of the days again and replaces the days.

        Days are taken together as long as they fit into one batch, so memory is bounded by a batch
        or the largest day.
        """
        with self.lake.writing(USER_EVENTS.name):
            self.lake.evolve_schema(USER_EVENTS)
            # Read under the lock: a ledger from before another landing would take that landing
            # back.
            ledger = self.ledger()
            low = self.kafka.begin_offsets(self.settings.events_topic)
            offsets.check_available(self.settings.events_topic, offsets.union(ledger, days), low)
            total = Landed(0, 0, ledger)
            for group in _groups(ledger, days, self.settings.events_per_batch):
                for batch in self.reader.read(offsets.union(ledger, group)):
                    total = total.then(self._replace(batch, group, ledger))
        return total

    def _replace(self, batch: Batch, days: list[date], ledger: Ledger) -> Landed:
        tagged = batch.tagged(Ledger(), ledger)
        letters = [d for d in tagged.dead_letters() if d["day"] in days]
        replace_dead_letters(self.lake, USER_EVENTS.name, days, letters)
        tagged.replace(days, ledger)
        return _summary(tagged, letters, ledger)

    def ledger(self) -> Ledger:
        """What the table has landed."""
        return Ledger.from_json(self.lake.state(USER_EVENTS.name).ledger)

    def _begin(self) -> Ledger:
        """The ledger with a place to begin for each partition; refuses a topic that lost what is
        not landed.
        """
        topic, ledger = self.settings.events_topic, self.ledger()
        low, topic_id = self.kafka.begin_offsets(topic), self.kafka.topic_id(topic)
        offsets.check_continuity(topic, ledger, low, self.kafka.end_offsets(topic), topic_id)
        return offsets.begin(ledger, low, topic_id)

    def _land(self, batch: Batch) -> Landed:
        """Lands one batch; a batch that was landed already changes nothing."""
        since = self._begin()
        ends = {p: max(end, since.landed[p]) for p, end in batch.ends().items()}
        ledger = offsets.advance(since, ends, batch.earliest(), self.settings.start_day, self.today)
        tagged = batch.tagged(since, ledger)
        letters = tagged.dead_letters()
        add_dead_letters(self.lake, letters)
        tagged.append(ledger.days(), ledger)
        return _summary(tagged, letters, ledger)


def _summary(tagged: Tagged, letters: list[dict], ledger: Ledger) -> Landed:
    touched = tagged.touched()
    log_days = {day for day, _, _ in touched} | {d["day"] for d in letters}
    return Landed(
        sum(n for _, _, n in touched),
        len(letters),
        ledger,
        frozenset(log_days),
        frozenset(event for _, event, _ in touched),
    )


def _groups(ledger: Ledger, days: list[date], most: int) -> list[list[date]]:
    """The days in order, together as long as the span of their records is at most `most` offsets."""

    def size(group: list[date]) -> int:
        return sum(end - start for start, end in offsets.union(ledger, group).values())

    groups: list[list[date]] = []
    for day in sorted(days):
        if groups and (not size(groups[-1]) or size([*groups[-1], day]) <= most):
            groups[-1].append(day)
        else:
            groups.append([day])
    return groups


def accept_loss(lake: Lake, kafka: KafkaStore, topic: str) -> Ledger:
    """The ledger after what retention removed before it landed was written down as lost."""
    with lake.writing(USER_EVENTS.name):
        ledger = offsets.accept_loss(
            Ledger.from_json(lake.state(USER_EVENTS.name).ledger), kafka.begin_offsets(topic)
        )
        lake.note(USER_EVENTS, [], ledger.to_json())
    return ledger


def stream_lock(lake: Lake) -> FileLock:
    """What `podrec stream` holds as long as it lands events."""
    lake.lock_folder.mkdir(parents=True, exist_ok=True)
    return FileLock(lake.lock_folder / "stream.lock", timeout=0)


def is_streaming(lake: Lake) -> bool:
    """Whether some process streams into the lake: then nobody needs to request landings."""
    try:
        with stream_lock(lake):
            return False
    except Timeout:
        return True
