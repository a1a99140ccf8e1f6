"""All Spark steps through Dagster on a real cluster: a master and two workers from pyspark."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from podrec_assets.content.similarity.vectors import embed_transcripts
from podrec_assets.defs.instance import open_instance
from podrec_assets.errors import SettingsError
from podrec_assets.pipelines.compute_engine import ComputeEngine
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.transcription import transcribe_days
from podrec_assets.pipelines.listening.event_landing import EventLanding
from podrec_assets.schemas import EPISODES, TRANSCRIPTS
from podrec_assets.services import process, supervisor
from podrec_assets.services.ports import answers, free_port
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import replace_dead_letters
from podrec_assets.stores.kafka import KafkaStore
from podrec_assets.stores.spark.cluster import cluster_config
from podrec_assets_tests.conftest import SHARED_DATA
from podrec_assets_tests.content.asr.real_models import model
from podrec_assets_tests.content.asr.sounds import tone, write_wav
from podrec_assets_tests.pipelines.content.clips import cut_clips, episodes, served
from podrec_assets_tests.pipelines.listening.event_log import TODAY, at, event

START = Path(__file__).resolve().parents[2] / "docker" / "spark.sh"


@contextmanager
def daemon(home: Path, name: str, *arguments: str) -> Iterator[process.Running]:
    """A Spark daemon by the script that the containers use."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_WORKER_DIR": str(home)}
    running = process.start(
        [str(START), *arguments], home / f"{name}.log", home / f"{name}.json", {}, environment
    )
    try:
        yield running
    finally:
        process.stop(running)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Runs two workers with a core each; returns the master's address and the workers' folder."""
    home = tmp_path_factory.mktemp("cluster")
    port, page = (free_port() for _ in range(2))
    master, here = f"spark://127.0.0.1:{port}", ("--host", "127.0.0.1")
    with ExitStack() as stack:
        stack.enter_context(
            daemon(home, "master", "master", *here, "--port", str(port), "--webui-port", str(page))
        )
        assert process.wait_for(lambda: answers(port), 60), process.last_lines(home / "master.log")
        for name in ("one", "two"):
            place = ("-c", "1", "-m", "1g", "-d", str(home / name), "--webui-port", "0")
            stack.enter_context(daemon(home, name, "worker", *here, *place, master))
        log = home / "master.log"
        assert process.wait_for(lambda: log.read_text().count("Registering worker") == 2, 60), (
            process.last_lines(log)
        )
        yield master, home


DAYS = [TODAY - timedelta(days=1), TODAY]


def announced(origin: str, folder: Path) -> pa.Table:
    """Returns episodes: publisher texts on day one; audio for ASR, some unusable, on day two."""
    for n in range(2):
        lines = [f"Line {i} of text {n} says {'much ' * (i % 9)}about comets." for i in range(150)]
        times = [
            f"{i // 60:02}:{i % 60:02}.000 --> {i // 60:02}:{i % 60:02}.900" for i in range(150)
        ]
        cues = "".join(
            f"{time}\n<v Ann>{line}\n\n" for time, line in zip(times, lines, strict=True)
        )
        (folder / f"text{n}.vtt").write_text(f"WEBVTT\n\n{cues}")
    write_wav(folder / "tone.wav", tone(2))
    (folder / "noise.wav").write_bytes(b"this is no audio at all")
    clips = ["tone.wav", "noise.wav", "gone.wav"]
    if (SHARED_DATA / "speech").is_dir():
        clips += cut_clips(SHARED_DATA / "speech", folder)[:2]
    link = {"type": "text/vtt", "language": None, "rel": None}
    texts = [
        row
        for n in range(2)
        for row in episodes(
            origin,
            [f"t{n}.mp3"],
            day=DAYS[0],
            transcripts=[link | {"url": f"http://{origin}/text{n}.vtt"}],
        )
    ]
    return EPISODES.rows([*texts, *episodes(origin, clips, day=DAYS[1])])


def on_one_process(settings: Settings, found: pa.Table) -> dict[str, list[str]]:
    """The rows of all tables by one process without a JVM."""
    here = Connections(settings, {})
    engine = ComputeEngine(None)
    reader = engine.event_reader(here.lake, here.kafka, settings)
    EventLanding(here.lake, here.kafka, settings, TODAY, reader).run(DAYS)
    here.lake.replace_days(EPISODES, found, DAYS)
    spoken = transcribe_days(here, found.to_pylist(), here.now())
    transcripts = TRANSCRIPTS.rows(spoken.rows)
    replace_dead_letters(here.lake, "transcripts", DAYS, spoken.letters)
    return {
        "user_events": _rows(here.lake.read("user_events")),
        "user_vs_episode_daily": _rows(engine.daily_score(here.lake, settings, DAYS)),
        "transcripts": _rows(transcripts),
        "vectors": _rows(embed_transcripts(transcripts, here.encoder, settings.chunk_tokens)),
        "dead_letters": _rows(here.lake.read("dead_letters")),
    }


def through_dagster(settings: Settings, found: pa.Table) -> Connections:
    """Runs all Spark steps through Dagster in a separate process; returns the connections."""
    Connections(settings, {}).lake.replace_days(EPISODES, found, DAYS)
    fields = settings.model_dump(exclude_defaults=True, mode="json") | {
        "mongo_uri": settings.mongo_uri.get_secret_value()
    }
    variables = {f"PODREC_{name.upper()}": str(value) for name, value in fields.items()}
    command = [
        str(Path(sys.executable).with_name("podrec")),
        "run",
        "--days",
        f"{DAYS[0]}..{DAYS[-1]}",
    ]
    command += ["--select", "user_events user_vs_episode_daily als_top_n transcripts vectors"]
    done = subprocess.run(
        command, env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Connections(settings, {})


def _rows(table: pa.Table) -> list[str]:
    return sorted(str(row) for row in table.to_pylist())


@pytest.mark.xfail(
    strict=False, reason="transcripts of Spark workers differ from those of one process: open"
)
@pytest.mark.services
def test_a_cluster_of_two_workers_makes_the_tables_that_one_process_makes(
    cluster: tuple[str, Path], service_settings: Settings, tmp_path: Path
) -> None:
    bootstrap, mongo = (supervisor.address(service_settings, name) for name in ("kafka", "mongo"))
    kafka = KafkaStore(bootstrap)
    kafka.ensure_topic("cluster-events", 2)
    kafka.produce(
        "cluster-events", [event(n, at(1, 0.01 * n), user=f"u-{n % 40}") for n in range(1000)]
    )
    places: dict[str, Any] = {
        "kafka_bootstrap": bootstrap,
        "mongo_uri": mongo,
        "mongo_database": "cluster",
        "events_topic": "cluster-events",
    }
    master, home = cluster
    spark: dict[str, Any] = {
        "spark_master": master,
        "lake_is_shared": True,
        "spark_driver_host": "127.0.0.1",
        "spark_executor_memory": "512m",
    }
    content: dict[str, Any] = {"asr_whisper_model": str(model("tiny.en")), "asr_device": "cpu"}
    content |= {"asr_workers": 2, "chunk_tokens": 32}
    with served(tmp_path) as origin:
        found = announced(origin, tmp_path)
        places |= {"fetch_allow": origin, "downloads_gap_s": 0, **content}
        wanted = on_one_process(Settings(home=tmp_path / "one", engine="local", **places), found)
        many = through_dagster(
            Settings(home=tmp_path / "many", compute="spark", **places, **spark), found
        )

    assert len(wanted["user_events"]) == 1000
    assert len(wanted["vectors"]) > 128, "too few chunks for two tasks"
    assert {name: _rows(many.lake.read(name)) for name in wanted} == wanted
    with open_instance(many.settings) as instance:
        made = instance.get_latest_materialization_event(dg.AssetKey("vectors"))
    assert made is not None
    assert made.asset_materialization is not None
    spread = made.asset_materialization.metadata["batches_by_place"]
    assert isinstance(spread, dg.JsonMetadataValue)
    assert isinstance(spread.value, dict)
    assert sum(spread.value.values()) > 8, spread
    listed = many.mongo.latest_version("als_top_n", TODAY)
    assert listed is not None
    documents = many.mongo.documents("als_top_n", listed.version)
    assert len(documents) == 40
    # Each listener heard some of seven episodes; what is recommended is the rest of them.
    heard = {(r["user_id"], r["episode_id"]) for r in many.lake.read("user_events").to_pylist()}
    assert all((d["user_id"], i["episode_id"]) not in heard for d in documents for i in d["items"])
    for worker in ("one", "two"):
        assert list((home / worker).glob("app-*/*/stderr")), f"no executor ran on worker {worker}"


def test_a_folder_that_workers_do_not_share_is_refused_as_lake(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PODREC_LAKE_IS_SHARED"):
        cluster_config(Settings(home=tmp_path, spark_master="spark://elsewhere:7077"))
