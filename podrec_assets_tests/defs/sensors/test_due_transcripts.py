"""The sensor of unfinished transcripts, the count of ASR engines, and the pool of the asset."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from podrec_assets.content.transcripts.choose import transcript_row
from podrec_assets.definitions import build_defs
from podrec_assets.defs.assets.transcripts import transcripts_asset
from podrec_assets.defs.checks.transcripts import asr_rows_by_engine
from podrec_assets.defs.partitions import days_of_tags
from podrec_assets.defs.sensors.due_transcripts import RETRIES, due_days
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import TRANSCRIPTS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import on_days
from podrec_assets_tests.content.asr.real_models import model
from podrec_assets_tests.defs.dagster_internals import SensorExecutionData

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)
DAY = date(2026, 2, 3)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as opened:
        yield opened


@pytest.fixture
def connections(tmp_path: Path) -> Connections:
    return Connections(
        Settings(
            home=tmp_path / "home",
            cache=tmp_path / "cache",
            engine="local",
            asr_device="cpu",
            asr_whisper_model=str(model("tiny.en")),
        ),
        {},
    )


def write(connections: Connections, *rows: tuple[date, str, dict]) -> None:
    plain = {"audio_url": "u", "language": "en", "transcripts": [], "duration_s": 1.0}
    made = [
        transcript_row(plain | {"day": day, "episode_id": f"e{n}"}, status, "why", **more)
        for n, (day, status, more) in enumerate(rows)
    ]
    connections.lake.replace_days(TRANSCRIPTS, TRANSCRIPTS.rows(made), {r["day"] for r in made})


def tick(connections: Connections, instance: dg.DagsterInstance) -> SensorExecutionData:
    sensor = build_defs(connections.settings).resolve_sensor_def("transcripts_due")
    with dg.build_sensor_context(
        instance=instance, resources={"connections": connections}, sensor_name=sensor.name
    ) as context:
        return sensor.evaluate_tick(context)


def test_days_with_due_rows_are_requested_unless_a_run_is_in_progress(
    connections: Connections, instance: dg.DagsterInstance
) -> None:
    assert tick(connections, instance).skip_message == "no transcript is due"
    soon = {"attempts": 1, "next_attempt_at": NOW + timedelta(hours=9)}
    write(
        connections,
        (DAY - timedelta(days=9), "over_budget", {}),
        (DAY - timedelta(days=1), "failed", soon | {"next_attempt_at": NOW - timedelta(minutes=1)}),
        (DAY, "over_budget", {}),
        (DAY + timedelta(days=1), "failed", soon),
        (DAY + timedelta(days=2), "failed", {"attempts": 4}),
        (DAY + timedelta(days=3), "ok", {}),
    )
    (request,) = tick(connections, instance).run_requests or []
    assert days_of_tags(request.tags) == (DAY - timedelta(days=1), DAY)
    assert request.asset_selection == [dg.AssetKey("transcripts")]
    assert str(request.run_key).startswith(f"retries:{DAY - timedelta(days=1)}..{DAY}:")
    instance.create_run_for_job(
        build_defs(connections.settings).resolve_job_def("daily_facts"),
        status=dg.DagsterRunStatus.STARTED,
        tags=request.tags,
    )
    assert "in progress" in str(tick(connections, instance).skip_message)
    assert request.tags[RETRIES] == "transcripts"


def test_without_an_engine_only_retries_are_due() -> None:
    rows = [
        {
            "day": DAY,
            "status": "over_budget",
            "engine": None,
            "language": "en",
            "is_low_quality": False,
            "next_attempt_at": None,
        },
        {
            "day": DAY + timedelta(days=1),
            "status": "failed",
            "engine": None,
            "language": "en",
            "is_low_quality": False,
            "next_attempt_at": NOW,
        },
    ]
    assert due_days(rows, NOW, None) == [DAY + timedelta(days=1)]


def test_used_asr_transcripts_are_counted_by_engine_version(connections: Connections) -> None:
    made = {"source": "asr", "text": "a", "segments": []}
    write(
        connections,
        (DAY, "quarantined", made | {"engine": "v/0"}),
        (DAY, "ok", made | {"engine": "v/1"}),
        (DAY, "ok", made | {"engine": "v/2"}),
        (DAY, "ok", made | {"engine": "v/2"}),
        (DAY, "ok", made | {"engine": "vtt/2", "source": "publisher"}),
        (DAY + timedelta(days=1), "ok", made | {"engine": "v/3"}),
    )
    assert asr_rows_by_engine(connections.lake, on_days([DAY])) == {"v/1": 1, "v/2": 2}


@pytest.mark.parametrize(("device", "pool"), [("cpu", "asr_cpu"), ("cuda", "asr_gpu")])
def test_the_pool_follows_the_device(device: str, pool: str) -> None:
    asset = transcripts_asset(Settings(asr_device=device))  # type: ignore[arg-type]
    assert asset.op.pool == pool
