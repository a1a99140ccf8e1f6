"""Retention, forgotten listeners and recreated topics, on a real broker."""

from datetime import date

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions

from podrec_assets.errors import DataLossError
from podrec_assets.ledger.reconciliation import no_longer_held
from podrec_assets.pipelines.listening.event_landing import accept_loss
from podrec_assets.pipelines.listening.event_recovery import accounts_of
from podrec_assets.pipelines.listening.user_erasure import forget_user
from podrec_assets.schemas import USER_EVENTS
from podrec_assets.settings import Settings
from podrec_assets.stores.kafka import KafkaStore, Message
from podrec_assets.stores.mongo import MongoStore
from podrec_assets_tests.pipelines.listening.event_log import World, at, event, local_world, stamp
from podrec_assets_tests.topics import topic_of

pytestmark = pytest.mark.services


@pytest.fixture
def world(request: pytest.FixtureRequest, settings: Settings, kafka_bootstrap: str) -> World:
    return local_world(settings, kafka_bootstrap, topic_of(request), partitions=1)


def remove_before(world: World, offset: int) -> None:
    """Does what retention does: removes the start of the log."""
    admin = AdminClient({"bootstrap.servers": world.kafka.bootstrap})
    for future in admin.delete_records([TopicPartition(world.topic, 0, offset)]).values():
        future.result(10)


def empty_day(world: World, day: date) -> None:
    world.lake.replace_days(
        USER_EVENTS, USER_EVENTS.empty(), [day], world.landing().ledger().to_json()
    )


def test_a_day_that_retention_removed_is_restored_from_the_tables_history(world: World) -> None:
    world.produce([event(n, at(3, n)) for n in range(4)] + [event(9, at(1))])
    world.land()
    rows = world.events()
    remove_before(world, 4)
    empty_day(world, at(3).date())
    assert len(world.events()) == 1
    world.landing().run([at(3).date(), at(1).date()])
    assert world.events() == rows
    assert no_longer_held(world.landing().ledger(), world.kafka.begin_offsets(world.topic)) == {
        0: (0, 4)
    }


def test_a_day_that_no_store_holds_is_an_error_with_its_offsets(world: World) -> None:
    world.produce([event(0, at(3)), event(1, at(1))])
    world.land()
    remove_before(world, 1)
    empty_day(world, at(3).date())
    table = world.lake.table("user_events")
    assert table is not None
    table.vacuum(0, dry_run=False, enforce_retention_duration=False)
    with pytest.raises(
        DataLossError, match=r"neither in Kafka nor in the table.s history: .* 1 of offsets 0 to 0"
    ):
        world.landing().run([at(3).date()])


def test_records_lost_before_landing_stop_it_until_the_loss_is_accepted(world: World) -> None:
    world.produce([event(0, at(3)), event(1, at(3)), event(2, at(3))])
    world.land()
    world.produce([event(3, at(2)), event(4, at(2)), event(5, at(1))])
    remove_before(world, 5)
    with pytest.raises(
        DataLossError, match="lost offsets 3 to 4 before they landed; `podrec accept-loss`"
    ):
        world.land()
    ledger = accept_loss(world.lake, world.kafka, world.topic)
    assert ledger.lost == {0: ((3, 5),)}
    world.land()
    assert [r["kafka_offset"] for r in world.events()] == [0, 1, 2, 5]
    assert all(
        a.missing_count == 0 for a in accounts_of(world.lake, world.landing().ledger().days())
    )


def test_a_recreated_topic_is_detected(world: World) -> None:
    world.produce([event(0, at(1))])
    world.land()
    admin = AdminClient({"bootstrap.servers": world.kafka.bootstrap})
    admin.delete_topics([world.topic])[world.topic].result(10)
    while world.kafka.partitions(world.topic):
        pass
    world.kafka.ensure_topic(world.topic, 1)
    world.produce([event(n, at(1)) for n in range(3)])
    with pytest.raises(DataLossError, match="recreated"):
        world.land()
    assert len(world.events()) == 1


def test_an_added_partition_lands_from_its_start(world: World) -> None:
    world.produce([event(0, at(2))])
    world.land()
    admin = AdminClient({"bootstrap.servers": world.kafka.bootstrap})
    admin.create_partitions([NewPartitions(world.topic, 3)])[world.topic].result(10)
    # The existing producer would learn of the new partitions minutes later.
    KafkaStore(world.kafka.bootstrap).produce(
        world.topic, [event(n, at(1), user=f"u{n}") for n in range(1, 30)]
    )
    world.land()
    assert len(world.events()) == 30
    assert {r["kafka_partition"] for r in world.events()} == {0, 1, 2}


def test_a_forgotten_listener_leaves_no_trace_and_replay_restores_none(
    world: World, mongo_uri: str
) -> None:
    name = "it's me"
    refused = b'{"user_id": "it\'s me", "kind": "sneeze", "event_id": "x", "episode_id": "e"}'
    world.produce(
        [
            event(0, at(2), user=name),
            event(1, at(2), user="other"),
            Message(b"", refused, stamp(at(2))),
        ]
    )
    world.land()
    mongo = MongoStore(mongo_uri, "forgetting")
    version = mongo.write_version(
        "als_top_n", at(2).date(), "run", [{"user_id": u, "items": []} for u in (name, "other")]
    )
    found = forget_user(world.lake, mongo, name)
    assert (found.event_count, found.refused_event_count, found.document_count) == (1, 1, 1)
    assert [d["user_id"] for d in mongo.documents("als_top_n", version.version)] == ["other"]
    for _ in range(2):
        assert [r["user_id"] for r in world.events()] == ["other"]
        assert [(r["reason"], r["payload"]) for r in world.letters()] == [("forgotten", None)] * 2
        assert all(a.missing_count == 0 for a in accounts_of(world.lake, [at(2).date()]))
        world.landing().run([at(2).date()])
    world.produce([event(5, at(1), user=name)])
    world.land()
    assert [r["user_id"] for r in world.events()] == ["other", name]
    assert forget_user(world.lake, mongo, name).event_count == 1
