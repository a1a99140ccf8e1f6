"""A home is restored byte for byte or not at all, and works on from where it stopped."""

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from podrec_assets.cli.main import app
from podrec_assets.defs.instance import open_instance
from podrec_assets.errors import PermanentError, RetryableError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening.stream_lock import stream_lock
from podrec_assets.pipelines.operations import backup as backup_module
from podrec_assets.pipelines.operations.backup import back_up
from podrec_assets.pipelines.operations.restore import restore
from podrec_assets.settings import Settings
from podrec_assets_tests.defs.dagster_internals import DaemonHeartbeat


@pytest.fixture
def home(settings: Settings) -> Settings:
    """A home with a table, an empty file, a cache and a log."""
    contents = {
        "lake/episodes/x.parquet": b"rows",
        "logs/kafka.log": b"",
        "audio/a.mp3": b"heard",
        "mongo/data.mv": b"lists",
    }
    for name, content in contents.items():
        path = settings.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return settings


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "copies" / "one"


def take_backup(settings: Settings, target: Path) -> backup_module.Backup:
    return back_up(settings, Connections(settings, {}).lake, target, print)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def test_a_backup_is_restored_byte_for_byte_with_file_times_and_without_caches(
    home: Settings, target: Path
) -> None:
    before = (home.home / "lake/episodes/x.parquet").stat().st_mtime_ns
    backup = take_backup(home, target)
    assert sorted(backup.files) == ["lake/episodes/x.parquet", "logs/kafka.log", "mongo/data.mv"]
    assert backup.outside == []
    shutil.rmtree(home.home)
    assert restore(home, target, print) == backup
    assert contents(home.home) == {
        "lake/episodes/x.parquet": b"rows",
        "logs/kafka.log": b"",
        "mongo/data.mv": b"lists",
    }
    assert (home.home / "lake/episodes/x.parquet").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda t: (t / "home/mongo/data.mv").write_bytes(b"lusts"),
            "data.mv is damaged: nothing was restored",
        ),
        (
            lambda t: (t / "home/lake/episodes/x.parquet").unlink(),
            "lacks .*x.parquet: nothing was restored",
        ),
        (
            lambda t: (t / "manifest.json").unlink(),
            "is not a complete backup: it has no readable manifest.json",
        ),
        (
            lambda t: rewrite(t, format=2, keys={}),
            "is a backup of format 2; this podrec reads format 1",
        ),
        (
            lambda t: rewrite(t, files={"../x": {"bytes": 1, "sha256": ""}}),
            r"is not a backup of podrec: it contains \.\./x",
        ),
    ],
    ids=["changed", "missing file", "unfinished", "newer format", "escaping path"],
)
def test_a_damaged_backup_leaves_the_home_empty(
    home: Settings, target: Path, damage: Callable[[Path], object], message: str
) -> None:
    take_backup(home, target)
    shutil.rmtree(home.home)
    damage(target)
    with pytest.raises(PermanentError, match=message):
        restore(home, target, print)
    assert not home.home.exists() or contents(home.home) == {}


def rewrite(target: Path, **changed: object) -> None:
    path = target / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def test_files_behind_links_are_copied_once(home: Settings, target: Path, tmp_path: Path) -> None:
    """A home with folders on another disk lost them: links were neither files nor folders."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "y.parquet").write_bytes(b"far")
    (home.home / "lake" / "vectors").symlink_to(tmp_path / "disk")
    (home.home / "lake" / "ring").symlink_to(home.home / "lake")
    backup = take_backup(home, target)
    assert sorted(backup.files) == [
        "lake/episodes/x.parquet",
        "lake/vectors/y.parquet",
        "logs/kafka.log",
        "mongo/data.mv",
    ]
    assert (target / "home/lake/vectors/y.parquet").read_bytes() == b"far"


def test_an_unreadable_folder_is_an_error(
    home: Settings, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def refusing(path: object) -> Iterator[os.DirEntry]:
        if str(path).endswith("mongo"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(
        PermanentError,
        match=r"mongo cannot be read \(Permission denied\), so the backup would be incomplete",
    ):
        take_backup(home, target)


def test_a_home_that_is_not_empty_is_never_overwritten(home: Settings, target: Path) -> None:
    take_backup(home, target)
    before = contents(home.home)
    with pytest.raises(PermanentError, match="home is not empty: move it away"):
        restore(home, target, print)
    assert contents(home.home) == before


def test_a_backup_needs_a_home_and_an_empty_folder_outside_it(home: Settings, target: Path) -> None:
    with pytest.raises(PermanentError, match=r"is inside .*: choose a folder outside"):
        take_backup(home, home.home / "copy")
    target.mkdir(parents=True)
    (target / "mine").touch()
    with pytest.raises(PermanentError, match="is not an empty folder: choose another"):
        take_backup(home, target)
    with pytest.raises(PermanentError, match="There is nothing to back up"):
        take_backup(home.model_copy(update={"home": home.home / "absent"}), target)


def test_nothing_is_copied_while_something_writes(
    home: Settings, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Connections(home, {}).lake
    with (
        stream_lock(lake),
        pytest.raises(RetryableError, match="`podrec stream` is running: stop it first"),
    ):
        take_backup(home, target)
    with (
        lake.writing("vectors"),
        pytest.raises(RetryableError, match="A run is writing vectors: wait until it is done"),
    ):
        take_backup(home, target)
    real = backup_module.copy_bytes

    def disturbed(path: Path, to: Path) -> str:
        digest = real(path, to)
        path.write_bytes(path.read_bytes() + b"more")
        return digest

    monkeypatch.setattr(backup_module, "copy_bytes", disturbed)
    with pytest.raises(RetryableError, match="changed while it was copied: stop what writes to it"):
        take_backup(home, target)
    assert not (target / "manifest.json").exists()


def test_stores_outside_the_home_are_listed_without_passwords(home: Settings, target: Path) -> None:
    uri = {
        "mongo_uri": "mongodb://me:hunter2@db:27017",
        "kafka_bootstrap": "broker:9092",
        "lake": "s3://bucket/lake",
    }
    settings = Settings(home=home.home, **uri)  # type: ignore[arg-type]
    backup = back_up(settings, Connections(home, {}).lake, target, print)
    assert backup.outside == [
        "the Kafka at broker:9092",
        "the MongoDB at mongodb://db:27017",
        "the lake at s3://bucket/lake",
    ]
    assert "hunter2" not in (target / "manifest.json").read_text()


def test_the_commands_refuse_while_dagster_runs_and_report_what_was_copied(
    home: Settings, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODREC_HOME", str(home.home))
    with open_instance(home) as instance:
        run = instance.create_run_for_job(
            dg.GraphDefinition("g").to_job(), status=dg.DagsterRunStatus.STARTED
        )
    refused = CliRunner().invoke(app, ["backup", str(target)])
    assert isinstance(refused.exception, RetryableError)
    assert f"Run {run.run_id} is in progress" in str(refused.exception)
    beat = DaemonHeartbeat(time.time() - 5, "SENSOR", "here", None)
    with open_instance(home) as instance:
        instance.delete_run(run.run_id)
        instance.add_daemon_heartbeat(beat)
    refused = CliRunner().invoke(app, ["backup", str(target)])
    assert re.match(
        r"Dagster's daemon was alive \d+ s ago: stop `podrec ui`", str(refused.exception)
    )
    with open_instance(home) as instance:
        instance.add_daemon_heartbeat(beat._replace(timestamp=time.time() - 61))
    done = CliRunner().invoke(app, ["backup", str(target), "--json"])
    assert done.exit_code == 0, done.exception
    copied = json.loads(done.stdout)
    assert copied["file_count"] == len(contents(target / "home"))
    monkeypatch.setenv("PODREC_HOME", str(home.home.with_name("other")))
    assert CliRunner().invoke(app, ["restore", str(target)]).exit_code == 0
    assert contents(home.home.with_name("other")) == contents(target / "home")
