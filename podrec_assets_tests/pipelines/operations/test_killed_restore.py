"""A restore that is killed at any step leaves the old (empty) home or the new one, whole."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from podrec_assets.cli.main import app
from podrec_assets.errors import PermanentError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.operations import restore as restore_module
from podrec_assets.pipelines.operations.backup import back_up
from podrec_assets.pipelines.operations.restore import check_restored, restore
from podrec_assets.settings import Settings

STEPS = ("open", "os.mkdir", "os.rename", "os.rmdir", "os.remove", "os.utime", "os.chmod")
NEW = {"lake/episodes/x.parquet": b"rows", "mongo/data.mv": b"lists", "notes": b""}


@pytest.fixture
def source(settings: Settings, tmp_path: Path) -> Path:
    """A backup of a home, which is then removed."""
    for name, content in NEW.items():
        path = settings.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    back_up(settings, Connections(settings, {}).lake, tmp_path / "copy", print)
    shutil.rmtree(settings.home)
    return tmp_path / "copy"


def contents(home: Path) -> dict[str, bytes]:
    files = (p for p in home.rglob("*") if p.is_file())
    return {p.relative_to(home).as_posix(): p.read_bytes() for p in files}


def dies_at(step: int, work: Callable[[], object]) -> bool:
    """Runs the work in a child that is killed before its nth change; returns whether it died."""
    child = os.fork()
    if child == 0:
        count = 0

        def hook(event: str, arguments: tuple) -> None:
            nonlocal count
            if event not in STEPS or (event == "open" and not str(arguments[1]).startswith("w")):
                return
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def silent(_: str) -> None:
    """Prints nothing: the child shares the streams of the test."""


@pytest.mark.slow
@pytest.mark.parametrize("home_exists", [False, True], ids=["no home", "empty home"])
def test_a_killed_restore_leaves_an_empty_or_a_whole_home(
    home_exists: bool, settings: Settings, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODREC_HOME", str(settings.home))
    step, told = 0, 0
    while True:
        step += 1
        shutil.rmtree(settings.home, ignore_errors=True)
        if home_exists:
            settings.home.mkdir()
        died = dies_at(step, lambda: restore(settings, source, silent))
        found = contents(settings.home)
        if not died:
            break
        assert found == {}
        draft = settings.home.with_name(f".{settings.home.name}.restoring")
        if draft.exists():
            told += 1
            command = ("status", "episodes", "doctor", "down", "up", "models list")[told % 6]
            refused = CliRunner().invoke(app, command.split())
            assert "was cut off: run `podrec restore DIR` again" in str(refused.exception)
        restore(settings, source, silent)
        assert contents(settings.home) == NEW
        assert not draft.exists()
    assert found == NEW
    check_restored(settings.home)
    assert told > 8


@pytest.mark.slow
def test_a_killed_restore_into_a_volume_is_finished_or_told_by_the_next_command(
    settings: Settings, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mounted home cannot be renamed; the parts are moved into it."""
    monkeypatch.setattr(restore_module.os.path, "ismount", lambda _: True)
    step, told, finished = 0, 0, 0
    while True:
        step += 1
        shutil.rmtree(settings.home, ignore_errors=True)
        died = dies_at(step, lambda: restore(settings, source, silent))
        if (settings.home / ".restoring/copy").is_dir():
            told += 1
            assert {path.name for path in settings.home.iterdir()} == {".restoring"}
            with pytest.raises(PermanentError, match="was cut off"):
                check_restored(settings.home)
            restore(settings, source, silent)
        elif died and step % 2:
            dies_at(2, lambda: check_restored(settings.home))  # finishing is killed too
        check_restored(settings.home)
        if contents(settings.home) == {}:
            restore(settings, source, silent)
        else:
            finished += died
        assert contents(settings.home) == NEW
        assert not (settings.home / ".restoring").exists()
        if not died:
            break
    assert told > 8
    assert finished > 3


def test_a_mounted_volume_is_restored_into(source: Path, tmp_path: Path) -> None:
    """On a real mount, where this user may make one."""
    home = tmp_path / "volume"
    home.mkdir()
    if os.system(f"mount -t tmpfs -o size=1m tmpfs {home} 2>/dev/null"):
        pytest.skip("this user may not mount")
    try:
        restore(Settings(home=home), source, silent)
        assert contents(home) == NEW
        assert sorted(p.name for p in home.iterdir()) == ["lake", "mongo", "notes"]
    finally:
        os.system(f"umount {home}")
