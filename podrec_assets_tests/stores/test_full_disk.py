"""A full disk: one sentence, no panic of Rust on the terminal, and the table as it was."""

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from podrec_assets.cli.console import guard
from podrec_assets.errors import DISK_FULL, RetryableError, is_disk_full, sentence
from podrec_assets.pipelines.connections import Connections
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake, add_dead_letters, maintenance, replace_dead_letters
from podrec_assets.stores.delta import lake as lake_module

DAY = date(2026, 11, 1)


def letters(count: int, prefix: str = "") -> list[dict]:
    row = {"day": DAY, "stage": "feeds", "reason": "not_xml"}
    return [
        row | {"source_key": f"{prefix}{n}", "detail": os.urandom(2000).hex()} for n in range(count)
    ]


@contextmanager
def small_files(size: int) -> Iterator[None]:
    """No file of this process may grow beyond the size, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def lake(settings: Settings) -> Lake:
    lake = Connections(settings, {}).lake
    for n in range(2):
        add_dead_letters(lake, letters(1, f"{n}."))
    return lake


@pytest.mark.parametrize(
    "write",
    [
        lambda lake: replace_dead_letters(lake, "feeds", [DAY], letters(100)),
        lambda lake: add_dead_letters(lake, letters(100)),
        lambda lake: lake.delete_equal(lake_module.TABLES["dead_letters"], "source_key", "0.0"),
        lambda lake: maintenance.optimize(lake, "dead_letters"),
    ],
    ids=["replace", "merge", "delete", "optimize"],
)
def test_a_write_that_does_not_fit_is_one_sentence_and_changes_nothing(
    lake: Lake, write: Callable[[Lake], object], capfd: pytest.CaptureFixture[str]
) -> None:
    version, rows = lake.version("dead_letters"), lake.read("dead_letters")
    with small_files(300):
        code = guard(lambda: write(lake), debug=False)
    printed = capfd.readouterr().err
    assert code == 1
    assert printed.startswith("error: dead_letters was not written, because the disk of ")
    assert printed.count("\n") == 1
    assert lake.version("dead_letters") == version
    assert lake.read("dead_letters").sort_by("source_key") == rows.sort_by("source_key")
    write(lake)
    assert (lake.version("dead_letters") or 0) > (version or 0)


def test_rows_larger_than_the_free_space_are_refused_before_the_write(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = type("Usage", (), {"free": lake_module.RESERVE_BYTES + 50_000})
    monkeypatch.setattr(lake_module.shutil, "disk_usage", lambda _: free)
    replace_dead_letters(lake, "feeds", [DAY], letters(1))
    with pytest.raises(RetryableError, match=r"because the disk of .* is full: free some space"):
        replace_dead_letters(lake, "feeds", [DAY], letters(100))


@pytest.mark.parametrize(
    ("err", "is_full"),
    [
        (OSError(28, "No space left on device"), True),
        (OSError(122, "Disk quota exceeded"), True),
        (ValueError("database or disk is full"), True),
        (OSError("Generic LocalFile error: No space left on device (os error 28)"), True),
        (OSError(13, "Permission denied"), False),
        (ValueError("full moon"), False),
    ],
)
def test_a_full_disk_is_recognised(err: Exception, is_full: bool) -> None:
    assert is_disk_full(err) is is_full
    outer = RuntimeError("step failed")
    outer.__cause__ = err
    assert sentence(outer).startswith(DISK_FULL) is is_full


def test_a_file_of_another_user_is_named_with_what_to_do() -> None:
    told = sentence(PermissionError(13, "Permission denied", "/srv/podrec/logs"))
    assert told.startswith("/srv/podrec/logs cannot be used by this user (Permission denied): ")
    assert "PODREC_HOME" in told


def test_output_of_others_during_a_write_is_kept(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with lake_module.panics.hidden():
        os.write(2, b"kept\n")
    with lake_module.panics.hidden():
        os.write(2, b"thread 'x' panicked at y\n")
    assert capfd.readouterr().err == "kept\n"
