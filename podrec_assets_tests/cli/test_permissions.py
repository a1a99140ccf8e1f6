"""A user who may not use the home or the lake is told which folder, in one sentence."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from podrec_assets.cli import doctor
from podrec_assets.cli.console import guard
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.operations.restore import check_restored
from podrec_assets.settings import Settings

NOBODY = 65_534


def as_nobody(work: Callable[[], int]) -> int:
    """Returns what the work returns without the privileges of root.

    In this process: deltalake's threads do not survive a fork.
    """
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        return work()
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.fixture
def private() -> Iterator[Settings]:
    """A home whose table only root may read, in a folder that all may enter."""
    if os.getuid() != 0:
        pytest.skip("only root can make a folder that this process may not read")
    folder = Path(tempfile.mkdtemp(prefix="podrec-private-"))
    folder.chmod(0o755)
    settings = Settings(home=folder / "home", engine="local")
    log = settings.home / "lake" / "episodes" / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("{}")
    log.chmod(0o700)
    yield settings
    shutil.rmtree(folder)


@pytest.mark.parametrize("closed", [".", "lake", "lake/episodes", "lake/episodes/_delta_log"])
def test_a_lake_without_permission_is_named(
    private: Settings, capfd: pytest.CaptureFixture[str], closed: str
) -> None:
    (private.home / closed).chmod(0o700)
    lake = Connections(private, {}).lake
    assert as_nobody(lambda: guard(lambda: lake.state("episodes"), debug=False)) == 1
    told = capfd.readouterr().err
    assert told.startswith(f"error: episodes at {private.home}/lake/episodes cannot be reached (")
    assert "check PODREC_LAKE, its permissions" in told
    assert told.count("\n") == 1


def test_a_home_that_may_not_be_entered_is_no_cut_off_restore(private: Settings) -> None:
    private.home.chmod(0o700)
    assert as_nobody(lambda: guard(lambda: check_restored(private.home), debug=False)) == 0


def test_doctor_goes_on_after_a_folder_without_permission() -> None:
    def refused() -> str:
        raise PermissionError(13, "Permission denied", "/var/cache/podrec")

    found = doctor._finding("jars", refused, "run `podrec up`")
    assert not found.ok
    assert found.detail.startswith("/var/cache/podrec cannot be used by this user")
