"""Kafka on a real broker: ranges are exact, and lost records are reported."""

import socket
import time
import uuid
from datetime import UTC, date, datetime

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from podrec_assets.errors import DataLossError, PermanentError, RetryableError
from podrec_assets.services import process
from podrec_assets.stores.kafka import KafkaStore, Message, Record, kafka_store

pytestmark = pytest.mark.services
D1, D2, D3, D4 = (date(2025, 11, n) for n in (1, 2, 3, 4))


@pytest.fixture(scope="module")
def store(kafka_bootstrap: str) -> KafkaStore:
    return KafkaStore(kafka_bootstrap)


@pytest.fixture
def admin(kafka_bootstrap: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": kafka_bootstrap})


@pytest.fixture
def topic(store: KafkaStore) -> str:
    """A new topic of one partition."""
    return created(store, f"t-{uuid.uuid4().hex[:12]}", 1)


def created(store: KafkaStore, name: str, partitions: int) -> str:
    """Creates a topic and waits until the broker lists all its partitions."""
    store.ensure_topic(name, partitions)
    assert process.wait_for(lambda: len(store.partitions(name)) == partitions, 10)
    return name


def ms(day: date, hour: int = 0, milli: int = 0) -> int:
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=UTC).timestamp() * 1000) + milli


def at(*stamps: int) -> list[Message]:
    """Messages whose values are their numbers."""
    return [Message(b"k", str(n).encode(), stamp) for n, stamp in enumerate(stamps)]


def read(
    store: KafkaStore, topic: str, ranges: dict[int, tuple[int, int]], batch: int = 50_000
) -> list[Record]:
    return [record for gathered in store.read(topic, ranges, batch) for record in gathered]


def delete_before(admin: AdminClient, topic: str, offset: int) -> None:
    admin.delete_records([TopicPartition(topic, 0, offset)])[TopicPartition(topic, 0)].result(10)


def test_records_come_back_with_key_value_timestamp_and_offset(
    store: KafkaStore, topic: str
) -> None:
    sent = [
        Message(b"ann", b"one", ms(D1, 7, 123)),
        Message(None, b"", ms(D1)),
        Message("zoë".encode(), None, ms(D2)),
    ]
    assert store.produce(topic, sent) == 3
    assert read(store, topic, {0: (0, 3)}) == [
        Record(topic, 0, 0, ms(D1, 7, 123), b"ann", b"one"),
        Record(topic, 0, 1, ms(D1), None, b""),
        Record(topic, 0, 2, ms(D2), "zoë".encode(), None),
    ]


def test_a_record_without_a_timestamp_gets_the_current_time(store: KafkaStore, topic: str) -> None:
    before = int(time.time() * 1000)
    store.produce(topic, [Message(b"k", b"v")])
    (record,) = read(store, topic, {0: (0, 1)})
    assert before - 1000 <= record.timestamp_ms <= int(time.time() * 1000) + 1000


@pytest.mark.parametrize(("start", "end"), [(0, 7), (2, 5), (6, 7), (3, 3), (5, 4)])
def test_a_range_includes_its_start_and_excludes_its_end(
    store: KafkaStore, topic: str, start: int, end: int
) -> None:
    store.produce(topic, at(*[ms(D1)] * 7))
    assert [r.offset for r in read(store, topic, {0: (start, end)})] == list(range(start, end))


def test_batches_have_every_record_of_the_range_once_and_in_order(
    store: KafkaStore, topic: str
) -> None:
    store.produce(topic, at(*[ms(D1)] * 25))
    batches = list(store.read(topic, {0: (3, 23)}, batch=4))
    assert [r.value for b in batches for r in b] == [str(n).encode() for n in range(3, 23)]
    assert all(len(b) >= 4 for b in batches[:-1])
    assert len(batches) > 1


def test_each_partition_is_read_by_its_own_range(store: KafkaStore) -> None:
    name = created(store, f"t-{uuid.uuid4().hex[:12]}", 3)
    store.produce(name, [Message(f"user-{n}".encode(), str(n).encode(), ms(D1)) for n in range(90)])
    ends = store.end_offsets(name)
    assert store.partitions(name) == sorted(ends) == [0, 1, 2]
    assert sum(ends.values()) == 90
    assert min(ends.values()) >= 5
    records = read(store, name, {0: (2, 5), 2: (0, ends[2])})
    offsets = {p: [r.offset for r in records if r.partition == p] for p in ends}
    assert offsets == {0: [2, 3, 4], 1: [], 2: list(range(ends[2]))}


def test_ensuring_a_topic_twice_changes_nothing(store: KafkaStore, topic: str) -> None:
    store.produce(topic, at(ms(D1)))
    before = store.topic_id(topic)
    store.ensure_topic(topic, 4)
    assert (store.topic_id(topic), store.partitions(topic), store.end_offsets(topic)) == (
        before,
        [0],
        {0: 1},
    )


def test_a_recreated_topic_has_another_id(
    store: KafkaStore, admin: AdminClient, topic: str
) -> None:
    before = store.topic_id(topic)
    assert store.topic_id(topic) == before
    admin.delete_topics([topic])[topic].result(10)
    assert process.wait_for(lambda: not store.partitions(topic), 10)
    assert store.topic_id(created(store, topic, 1)) != before


def test_offsets_removed_by_retention_are_data_loss_and_the_rest_is_readable(
    store: KafkaStore, admin: AdminClient, topic: str
) -> None:
    store.produce(topic, at(*[ms(D1)] * 6))
    delete_before(admin, topic, 4)
    assert (store.begin_offsets(topic), store.end_offsets(topic)) == ({0: 4}, {0: 6})
    with pytest.raises(
        DataLossError, match=rf"^{topic} partition 0 no longer holds offsets 2 to 3\.$"
    ):
        read(store, topic, {0: (2, 6)})
    assert [r.offset for r in read(store, topic, {0: (4, 6)})] == [4, 5]


def test_the_first_record_day_is_that_of_the_first_remaining_record_from_the_start_on(
    store: KafkaStore, admin: AdminClient, topic: str
) -> None:
    store.produce(topic, at(ms(D2, 23), ms(D1), ms(D3)))
    assert store.first_record_days(topic, {}) == {0: D2}
    assert store.first_record_days(topic, {0: 1}) == {0: D1}
    assert store.first_record_days(topic, {0: 3}) == {}
    delete_before(admin, topic, 2)
    assert store.first_record_days(topic, {0: 0}) == {0: D3}


def test_the_offset_of_a_day_is_the_first_record_stamped_from_midnight_on(
    store: KafkaStore, topic: str
) -> None:
    store.produce(topic, at(ms(D1, 5), ms(D2, 0, -1), ms(D2), ms(D1, 6), ms(D3, 9)))
    assert [store.offsets_for_day(topic, d) for d in (D1, D2, D3, D4)] == [
        {0: 0},
        {0: 2},
        {0: 4},
        {0: 5},
    ]


def test_an_empty_topic_has_offsets_of_zero(store: KafkaStore, topic: str) -> None:
    assert (
        store.begin_offsets(topic),
        store.end_offsets(topic),
        store.offsets_for_day(topic, D1),
    ) == ({0: 0}, {0: 0}, {0: 0})
    assert store.first_record_days(topic, {0: 0}) == {}


def test_a_missing_topic_is_empty_and_reads_do_not_create_it(store: KafkaStore) -> None:
    assert store.partitions("missing") == []
    assert store.begin_offsets("missing") == store.end_offsets("missing") == {}
    assert store.offsets_for_day("missing", D1) == store.first_record_days("missing", {0: 0}) == {}
    assert store.partitions("missing") == []


def test_calls_that_need_a_missing_topic_fail_at_once_and_name_it(
    store: KafkaStore, topic: str
) -> None:
    started = time.monotonic()
    with pytest.raises(RetryableError, match=r"refuses: .*Unknown topic"):
        store.topic_id("missing")
    with pytest.raises(DataLossError, match=r"^missing has no partition 0\.$"):
        read(store, "missing", {0: (0, 1)})
    with pytest.raises(DataLossError, match=rf"^{topic} has no partition 7\.$"):
        read(store, topic, {7: (0, 1)})
    assert time.monotonic() - started < 5


def test_a_record_that_the_broker_refuses_is_a_permanent_error(
    store: KafkaStore, topic: str
) -> None:
    with pytest.raises(PermanentError, match="too large"):
        store.produce(topic, [Message(b"k", b"x" * 3_000_000)])
    with pytest.raises(PermanentError, match="refused 1 records: their timestamps are too far"):
        store.produce(topic, [Message(b"k", b"v", int(time.time() * 1000) + 3 * 86_400_000)])
    assert store.end_offsets(topic) == {0: 0}


def test_a_refused_record_is_named_and_the_others_are_produced(
    store: KafkaStore, topic: str
) -> None:
    ahead = int(time.time() * 1000) + 3 * 86_400_000
    sent = [
        Message(b"k", b"first", line=1),
        Message(b"k", b"x" * 3_000_000, line=2),
        Message(b"k", b"third", line=3),
    ]
    refused: dict[int | None, str] = {}

    def refuse(message: Message, reason: str) -> None:
        refused[message.line] = reason

    assert store.produce(topic, sent, refused=refuse) == 2
    assert store.produce(topic, [Message(b"k", b"v", ahead, line=4)], refused=refuse) == 0
    assert store.produce(topic, [Message(b"k", b"fifth")]) == 1
    assert [r.value for r in read(store, topic, {0: (0, 3)})] == [b"first", b"third", b"fifth"]
    assert refused.keys() == {2, 4}
    assert refused[2] == "it is larger than Kafka takes"


def test_producing_no_messages_writes_no_record(store: KafkaStore, topic: str) -> None:
    assert store.produce(topic, []) == 0


def test_an_unreachable_broker_is_reported_with_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka_store, "TIMEOUT_S", 1.0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"127.0.0.1:{taken.getsockname()[1]}"
        store = KafkaStore(nowhere)
        for call in (store.partitions, store.topic_id, lambda name: store.ensure_topic(name, 1)):
            with pytest.raises(
                RetryableError,
                match=rf"^Kafka at {nowhere} does not answer \(.*start it with `podrec up`\.$",
            ):
                call("any")


def test_a_producer_that_refused_a_record_is_not_used_again() -> None:
    store = KafkaStore("127.0.0.1:9")
    with pytest.raises(PermanentError, match="Kafka cannot take a record: "):
        store.produce("any", [Message(None, b"0" * 2_000_000)], within_s=0.1)
    assert store.clients._producers == {}
