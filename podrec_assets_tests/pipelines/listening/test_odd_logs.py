"""Logs with offsets that hold no record, and with timestamps that are no time, on both engines."""

import time
from datetime import timedelta

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from podrec_assets.pipelines.listening.event_recovery import accounts_of
from podrec_assets.services import process
from podrec_assets.stores.kafka import Message
from podrec_assets_tests.pipelines.listening.event_log import TODAY, World, at, event, stamp

pytestmark = pytest.mark.services
NOW = stamp(at(0, 0)) + 1
OPEN = {"message.timestamp.after.max.ms": str(2**63 - 1)}
COMPACTED = {
    "cleanup.policy": "compact", "segment.ms": "50", "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": "1", "delete.retention.ms": "0",
}  # fmt: skip
EAGER = {"log.cleaner.backoff.ms": "200"}
"""The broker's cleaner looks for work more often than every 15 seconds."""
STAMPS = {
    "a day ahead": NOW + 86_400_000,
    "years ahead": NOW + 5 * 365 * 86_400_000,
    "microseconds": NOW * 1000,
    "after the year 9999": 253_402_300_800_000,
    "nanoseconds": NOW * 1_000_000,
    "the largest": 2**63 - 1,
    "none": -1,
    "negative": -5,
    "before the calendar": -(10**15),
    "the smallest": -(2**62),
}
"""Timestamps that are not the time at which a record was written."""


def configure(world: World, config: dict[str, str], broker: str = "") -> None:
    """Changes settings of the topic, or of a broker."""
    admin = AdminClient({"bootstrap.servers": world.kafka.bootstrap})
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        for name, value in config.items()
    ]
    kind, name = ("BROKER", broker) if broker else ("TOPIC", world.topic)
    resource = ConfigResource(kind, name, incremental_configs=entries)
    for change in admin.incremental_alter_configs([resource]).values():
        change.result(10)
    time.sleep(0.2)


def transact(world: World, messages: list[Message], is_committed: bool) -> None:
    """Produces messages to partition 0 in one transaction, and ends it."""
    producer = Producer(
        {"bootstrap.servers": world.kafka.bootstrap, "transactional.id": world.topic}
    )
    producer.init_transactions(20)
    producer.begin_transaction()
    for message in messages:
        producer.produce(
            world.topic, message.value, message.key, 0, timestamp=message.timestamp_ms or 0
        )
    end = producer.commit_transaction if is_committed else producer.abort_transaction
    producer.flush()
    end(20)


def event_ids(world: World) -> list[str]:
    return [row["event_id"] for row in world.events()]


def assert_all_accounted(world: World) -> None:
    ledger = world.landing().ledger()
    assert sum(ledger.behind(world.kafka.end_offsets(world.topic)).values()) == 0
    assert [str(a) for a in accounts_of(world.lake, ledger.days()) if a.missing_count] == []


def assert_replay_agrees(world: World) -> None:
    before = world.events(), world.letters()
    world.landing().run(world.landing().ledger().days())
    assert (world.events(), world.letters()) == before
    assert_all_accounted(world)


def test_aborted_records_never_land_and_markers_are_no_lag(world: World) -> None:
    transact(world, [event(1, at(2)), Message(b"k", b"no JSON", stamp(at(2)))], True)
    transact(world, [event(2, at(1)), event(3, at(1))], False)
    transact(world, [event(4, at(1))], True)
    transact(world, [event(5, at(0, 0))], False)
    world.land()
    assert event_ids(world) == ["id-1", "id-4"]
    assert [r["reason"] for r in world.letters()] == ["not_json"]
    assert_all_accounted(world)
    ledger = world.landing().ledger()
    assert ledger.landed[0] == 10
    assert sum(ledger.gaps[0].values()) == 7
    transact(world, [event(6, at(0, 0))], True)
    world.land()
    assert event_ids(world) == ["id-1", "id-4", "id-6"]
    assert_replay_agrees(world)


def test_a_partition_of_aborted_records_alone_lands_nothing_and_has_no_lag(world: World) -> None:
    transact(world, [event(n, at(1)) for n in range(3)], False)
    world.land()
    assert world.places() == []
    assert_all_accounted(world)
    world.landing().run([TODAY])
    transact(world, [event(9, at(1))], True)
    world.land()
    assert event_ids(world) == ["id-9"]
    assert_replay_agrees(world)


@pytest.mark.slow
def test_what_compaction_removes_is_no_loss_before_landing_and_none_after(world: World) -> None:
    configure(world, EAGER, broker="1")
    configure(world, COMPACTED)
    users = [f"u{n}" for n in range(3)]
    world.produce([event(n, at(1), user=users[n % 3]) for n in range(9)])
    world.land()
    rows = world.events()
    assert len(rows) == 9
    for n in (10, 11, 12):  # each starts a segment, and older ones are cleaned
        moment = at(0, n / 10_000)
        world.produce([event(10 * n + k, moment, user=user) for k, user in enumerate(users)])
    ends = {p: (0, end) for p, end in world.kafka.end_offsets(world.topic).items()}

    def is_cleaned() -> bool:
        # The last record of each user in the closed segments, and the open segment.
        return sum(len(part) for part in world.kafka.read(world.topic, ends)) == 2 * len(users)

    assert process.wait_for(is_cleaned, 60), "the broker has not compacted the topic"
    held = sorted(
        (r.partition, r.offset)
        for part in world.kafka.read(world.topic, ends)
        for r in part
        if r.offset >= world.landing().ledger().landed[r.partition]
    )
    world.land()
    assert world.places() == sorted(
        [(r["kafka_partition"], r["kafka_offset"]) for r in rows] + held
    )
    assert_replay_agrees(world)


def test_a_record_with_any_timestamp_lands_today_and_holds_nobody_back(world: World) -> None:
    configure(world, OPEN)
    odd = [
        Message(b"u", event(n, at(1)).value, timestamp_ms)
        for n, timestamp_ms in enumerate(STAMPS.values())
    ]
    log = [event(90, at(2)), *odd, event(91, at(1)), *odd, event(92, at(0, 0))]
    for message in log:  # one batch of records would carry one base timestamp
        world.produce([message])
    world.land()
    ids = [*range(len(odd))]
    assert event_ids(world) == [f"id-{n}" for n in (90, *ids, 91, *ids, 92)]
    assert [(TODAY - row["day"]).days for row in world.events()] == [
        2, *[2] * len(odd), 1, *[1] * len(odd), 0,
    ]  # fmt: skip
    is_known = {row["event_id"]: row["recorded_at"] is not None for row in world.events()}
    assert [is_known[f"id-{n}"] for n in ids] == [
        name in ("a day ahead", "years ahead") for name in STAMPS
    ]
    assert_replay_agrees(world)


@pytest.mark.parametrize("name", ["a day ahead", "nanoseconds", "negative"])
def test_a_partition_that_begins_with_an_odd_timestamp_begins_today(
    world: World, name: str
) -> None:
    configure(world, OPEN)
    world.produce([Message(b"u", event(1, at(1)).value, STAMPS[name])])
    world.produce([event(2, at(1)), event(3, at(0, 0))])
    world.land()
    assert [(r["event_id"], r["day"]) for r in world.events()] == [
        (f"id-{n}", TODAY) for n in (1, 2, 3)
    ]
    assert_replay_agrees(world)


def test_an_event_of_a_record_ahead_of_its_time_is_measured_by_its_log_day(world: World) -> None:
    configure(world, OPEN)
    ahead = at(-400)
    world.produce([event(1, at(0, 0)), event(2, ahead, ahead), event(3, ahead, at(1))])
    world.land()
    assert event_ids(world) == ["id-1", "id-3"]
    (letter,) = world.letters()
    assert letter["reason"] == "from_the_future"
    limit = (at(0, 0) + timedelta(days=32)).isoformat()
    assert letter["detail"].endswith(f"is after its record, which was written by {limit}")
    assert_replay_agrees(world)
