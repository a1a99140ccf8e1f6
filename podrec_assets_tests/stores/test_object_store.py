"""The lake on an S3 API, with writers that share no lock and with both compute engines."""

import multiprocessing
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from podrec_assets.defs.resources.lake import LakeStorage
from podrec_assets.errors import RetryableError
from podrec_assets.pipelines.compute_engine import ComputeEngine
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening.event_landing import EventLanding
from podrec_assets.schemas import (
    DEAD_LETTERS,
    FUSION_WEIGHTS,
    TRANSCRIPTS,
    USER_EVENTS,
    USER_VS_EPISODE_DAILY,
)
from podrec_assets.services import process
from podrec_assets.services.ports import answers, free_port
from podrec_assets.serving.analytics import LISTENING_BY_DAY, ask
from podrec_assets.serving.keywords import MIN_TRANSCRIPTS, vocabulary
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake, maintenance
from podrec_assets.stores.kafka import KafkaStore, Message
from podrec_assets_tests.pipelines.listening.event_log import BAD, TODAY, at, event, stamp

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.services
FIRST = date(2026, 1, 1)
WRITERS = 4


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Address of an empty lake on a real S3 server."""
    # In another process: deltalake holds the GIL while it waits, so the server could not answer.
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("moto_server")),
        "-H",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    server = process.start(command, tmp_path / "moto.log", tmp_path / "moto.json", {})
    assert process.wait_for(lambda: answers(port), 60), process.last_lines(tmp_path / "moto.log")
    address = f"http://127.0.0.1:{port}"
    variables = {
        "AWS_ENDPOINT_URL": address, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
    }  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", endpoint_url=address, region_name="us-east-1").create_bucket(Bucket="podrec")
    try:
        yield "s3://podrec/lake"
    finally:
        process.stop(server)


def write_day(root: str, locks: str, number: int) -> None:
    """Replaces one day from a machine with its own lock folder; retries as errors tell it to."""
    lake, day = Lake(root, Path(locks) / str(number)), FIRST + timedelta(days=number)
    while True:
        try:
            lake.replace_days(
                FUSION_WEIGHTS,
                FUSION_WEIGHTS.rows([{"day": day, "bucket": "0", "alpha": number}]),
                [day],
            )
            return
        except RetryableError:
            continue


def test_machines_without_a_shared_lock_keep_each_others_days(bucket: str, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    write_day(bucket, str(tmp_path), WRITERS)
    writers = [
        context.Process(target=write_day, args=(bucket, str(tmp_path), n)) for n in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [w.exitcode for w in writers] == [0] * WRITERS
    lake, days = (
        Lake(bucket, tmp_path / "reader"),
        [FIRST + timedelta(days=n) for n in range(WRITERS + 1)],
    )
    assert lake.state(FUSION_WEIGHTS.name).days == frozenset(days)
    assert lake.version(FUSION_WEIGHTS.name) == WRITERS
    assert {r["day"]: r["alpha"] for r in lake.read(FUSION_WEIGHTS.name).to_pylist()} == {
        d: float(n) for n, d in enumerate(days)
    }


def test_a_commit_after_another_machines_commit_is_refused(bucket: str, tmp_path: Path) -> None:
    slow, quick = Lake(bucket, tmp_path / "slow"), Lake(bucket, tmp_path / "quick")
    write_day(bucket, str(tmp_path), 0)
    rows = FUSION_WEIGHTS.rows([{"day": FIRST, "bucket": "1", "alpha": 1.0}])
    with slow.writing(FUSION_WEIGHTS.name):
        quick.replace_days(FUSION_WEIGHTS, rows, [FIRST])
        with pytest.raises(RetryableError, match="Another writer changed fusion_weights"):
            slow.append(FUSION_WEIGHTS, rows, [FIRST], {"landed": {}})
    with slow.writing(FUSION_WEIGHTS.name):
        quick.replace_days(FUSION_WEIGHTS, rows, [FIRST])
        with pytest.raises(RetryableError, match="Another writer changed fusion_weights"):
            maintenance.vacuum(slow, FUSION_WEIGHTS.name, 400)
    assert slow.read(FUSION_WEIGHTS.name).num_rows == 1


def test_charts_and_keywords_read_the_lake_on_an_object_store(bucket: str, tmp_path: Path) -> None:
    days = [FIRST, FIRST + timedelta(days=1)]
    world = Connections.open(Settings(home=tmp_path, lake=bucket))
    played = {
        "user_id": "u",
        "episode_id": "e",
        "play_count": 2,
        "like_count": 1,
        "skip_count": 0,
        "score": 3.0,
    }
    world.lake.replace_days(
        USER_VS_EPISODE_DAILY, USER_VS_EPISODE_DAILY.rows({**played, "day": d} for d in days), days
    )
    assert ask(world, LISTENING_BY_DAY, days[1], days[1]).to_pylist() == [
        {"day": days[1], "plays": 2, "listeners": 1, "likes": 1, "skips": 0}
    ]
    transcripts = [
        {"day": FIRST, "episode_id": f"e{n}", "status": "ok", "text": f"apples {'pears' * n}"}
        for n in range(MIN_TRANSCRIPTS)
    ]
    world.lake.replace_days(TRANSCRIPTS, TRANSCRIPTS.rows(transcripts), [FIRST])
    terms = vocabulary(world)
    assert terms is not None
    assert "pearspears" in terms.vocabulary_


def test_small_files_are_merged_and_lost_ones_found_on_an_object_store(
    bucket: str, tmp_path: Path
) -> None:
    lake, name = Lake(bucket, tmp_path / "locks"), FUSION_WEIGHTS.name
    rows = FUSION_WEIGHTS.rows([{"day": FIRST, "bucket": "0"}])
    with lake.writing(name):
        for _ in range(2):
            lake.append(FUSION_WEIGHTS, rows, [FIRST], {"landed": {"0": 7}})
        compaction = maintenance.optimize(lake, name)
        assert (compaction.before, compaction.after) == (2, 1)
        assert maintenance.vacuum(lake, name, 400) == []
        last = lake.append(FUSION_WEIGHTS, rows, [FIRST], {"landed": {"0": 9}})
    assert (lake.version(name), lake.read(name).num_rows, lake.state(name).ledger) == (
        last,
        3,
        {"landed": {"0": 9}},
    )
    assert maintenance.unreadable(lake, name, range(last + 1)) == {}
    table = lake.table(name)
    assert table is not None
    key = table.file_uris()[0].removeprefix("s3://podrec/")
    boto3.client("s3").delete_object(Bucket="podrec", Key=key)
    assert maintenance.unreadable(lake, name, [last])[last] == [key.removeprefix(f"lake/{name}/")]


@pytest.mark.parametrize("name", ["local", "spark"])
def test_events_land_and_are_scored_on_an_object_store(
    bucket: str, name: str, kafka_bootstrap: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    topic = f"objects-{name}"
    settings = Settings(
        home=tmp_path,
        lake=bucket,
        kafka_bootstrap=kafka_bootstrap,
        events_topic=topic,
        events_per_batch=40,
    )
    kafka = KafkaStore(kafka_bootstrap)
    kafka.ensure_topic(topic, 2)
    kafka.produce(topic, [event(n, at(1, 0.1 * n), user=f"u-{n % 5}") for n in range(100)])
    kafka.produce(topic, [Message(b"u", body, stamp(at(1, 11))) for body in BAD])
    world = LakeStorage.from_settings(settings).open(settings)
    session: SparkSession | None = request.getfixturevalue("spark") if name == "spark" else None
    engine = ComputeEngine((lambda: session) if session is not None else None)  # type: ignore[arg-type, return-value]

    reader = engine.event_reader(world.lake, kafka, settings)
    landing = EventLanding(world.lake, kafka, settings, TODAY, reader)
    landing.run([TODAY - timedelta(days=1), TODAY])
    landing.run([TODAY - timedelta(days=1)])

    rows = world.lake.read(USER_EVENTS.name)
    assert sorted(rows["event_id"].to_pylist()) == sorted(f"id-{n}" for n in range(100))
    assert world.lake.read(DEAD_LETTERS.name).num_rows == len(BAD)
    scores = engine.daily_score(world.lake, settings, [TODAY - timedelta(days=1)])
    assert sum(scores["score"].to_pylist()) == 100 * settings.weight_play_finished
