"""Whatever bytes are in the topic, each announcement is used or is one dead letter."""

import json
from datetime import date, datetime
from typing import Any

import pytest
from confluent_kafka import Producer

from podrec_assets.content.feeds.episode_message import decode
from podrec_assets.errors import UnusableInputError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.episode_landing import EpisodesLanded, land_episodes
from podrec_assets.schemas import EPISODES
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.kafka import Message
from podrec_assets_tests.any_messages import mutations, sample

pytestmark = pytest.mark.services
TODAY = date(2026, 11, 20)
FULL = {
    "schema": 1, "episode_id": "e1", "show_id": "s1", "title": "T", "description": "d",
    "published_at": "2026-01-01T00:00:00Z", "duration_s": 61.5, "season": 1, "is_serial": True,
    "audio_bytes": 5, "transcripts": [{"url": "https://t.example/1.vtt", "type": "text/vtt"}],
}  # fmt: skip


def produce(connections: Connections, values: list[bytes | None]) -> None:
    topic = connections.settings.episodes_topic
    connections.kafka.ensure_topic(topic, 1)
    stamp = int(datetime.fromisoformat(f"{TODAY}T12:00:00Z").timestamp() * 1000)
    connections.kafka.produce(topic, [Message(b"k", value, stamp) for value in values])


def land(connections: Connections) -> EpisodesLanded:
    return land_episodes(connections.lake, connections.kafka, connections.settings, [TODAY], TODAY)


def transact(connections: Connections, values: list[bytes], is_committed: bool) -> None:
    """Produces announcements in one transaction, and ends it."""
    settings = connections.settings
    topic, moment = settings.episodes_topic, datetime.fromisoformat(f"{TODAY}T12:00:00Z")
    producer = Producer({"bootstrap.servers": settings.kafka_bootstrap, "transactional.id": topic})
    producer.init_transactions(20)
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value, b"k", 0, timestamp=int(moment.timestamp() * 1000))
    producer.flush()
    end = producer.commit_transaction if is_committed else producer.abort_transaction
    end(20)


def of(connections: Connections, table: str) -> list[dict]:
    return sorted(connections.lake.read(table).to_pylist(), key=lambda r: r["kafka_offset"])


def changed(**changes: Any) -> bytes:
    return json.dumps(FULL | changes).encode()


def test_any_record_is_used_or_is_one_letter(feeds_podrec: Connections) -> None:
    values = [
        *sample(mutations(FULL), 600),
        changed(episode_id="first", published_at="0001-01-01T00:00:00Z", title="\0"),
        changed(episode_id="last", published_at="9999-12-31T23:59:59.999999Z", duration_s=5e-324),
        changed(episode_id="long", description="🍞" * 50_000),
    ]
    produce(feeds_podrec, values)
    land(feeds_podrec)
    latest, refused = {}, []
    for offset, value in enumerate(values):
        try:
            latest[decode(value)["episode_id"]] = offset
        except UnusableInputError:
            refused.append(offset)
    rows, letters = of(feeds_podrec, "episodes"), of(feeds_podrec, "dead_letters")
    assert {r["episode_id"]: r["kafka_offset"] for r in rows} == latest
    assert [r["kafka_offset"] for r in letters] == refused
    assert "unreadable" not in {r["reason"] for r in letters}
    assert {"first", "last", "long"} <= latest.keys()


def test_committed_announcements_land_and_aborted_ones_never(feeds_podrec: Connections) -> None:
    topic = feeds_podrec.settings.episodes_topic
    feeds_podrec.kafka.ensure_topic(topic, 1)
    transact(feeds_podrec, [changed(title="committed"), b"no JSON"], True)
    transact(feeds_podrec, [changed(title="aborted"), b"aborted, no JSON"], False)
    transact(feeds_podrec, [changed(episode_id="e2", title="committed")], True)
    transact(feeds_podrec, [changed(episode_id="e2", title="aborted at the end")], False)
    for _ in range(2):
        land(feeds_podrec)
        rows, letters = of(feeds_podrec, "episodes"), of(feeds_podrec, "dead_letters")
        assert [(r["kafka_offset"], r["episode_id"], r["title"]) for r in rows] == [
            (0, "e1", "committed"), (6, "e2", "committed"),
        ]  # fmt: skip
        assert [(r["kafka_offset"], r["reason"]) for r in letters] == [(1, "not_json")]
        ledger = feeds_podrec.lake.ledger(EPISODES.name)
        assert sum(ledger.behind(feeds_podrec.kafka.end_offsets(topic)).values()) == 0


def test_an_announcement_that_cannot_be_written_is_one_letter(
    feeds_podrec: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [changed(episode_id=f"e{n}", title=f"T{n}") for n in range(20)]
    values[7] = changed(episode_id="e7", title="poison")
    produce(feeds_podrec, [*values, b"no JSON"])
    real = Lake.replace_days

    def replace_days(lake: Lake, spec: Any, rows: Any, *args: Any, **options: Any) -> int:
        if spec == EPISODES and "poison" in rows["title"].to_pylist():
            raise ZeroDivisionError("a cell \ud83d")
        return real(lake, spec, rows, *args, **options)

    monkeypatch.setattr(Lake, "replace_days", replace_days)
    landed = land(feeds_podrec)
    assert (landed.rows_by_day, landed.dead_count, landed.unreadable_count) == ({TODAY: 19}, 2, 1)
    assert len(of(feeds_podrec, "episodes")) == 19
    unreadable, not_json = of(feeds_podrec, "dead_letters")
    assert (unreadable["reason"], unreadable["kafka_offset"]) == ("unreadable", 7)
    assert unreadable["detail"] == r"ZeroDivisionError: 'a cell \ud83d'"
    assert not_json["reason"] == "not_json"
    monkeypatch.undo()
    assert land(feeds_podrec).rows_by_day == {TODAY: 20}
    assert [r["reason"] for r in of(feeds_podrec, "dead_letters")] == ["not_json"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ZeroDivisionError()])
def test_a_full_disk_or_a_fault_of_the_lake_is_an_error_and_makes_no_letters(
    feeds_podrec: Connections, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    produce(feeds_podrec, [changed()])

    def replace_days(*_: Any, **__: Any) -> int:
        raise error

    monkeypatch.setattr(Lake, "replace_days", replace_days)
    with pytest.raises(type(error)):
        land(feeds_podrec)
    monkeypatch.undo()
    assert land(feeds_podrec).rows_by_day == {TODAY: 1}
    assert of(feeds_podrec, "dead_letters") == []
