"""One broken file names its table, itself and the command; other tables are still reported."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from podrec_assets.cli import status
from podrec_assets.cli.main import app
from podrec_assets.defs.audit import tables
from podrec_assets.defs.audit.audits import Audit, examine
from podrec_assets.defs.dagster_internals import SerializableErrorInfo
from podrec_assets.defs.run_failures import reason_of
from podrec_assets.errors import DamagedTableError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import DEAD_LETTERS, VECTORS
from podrec_assets.serving import analytics
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import replace_dead_letters

DAYS = [date(2026, 11, d) for d in (1, 2, 3)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with three days of dead letters and of vectors."""
    home = tmp_path_factory.mktemp("whole")
    lake = Connections(Settings(home=home), {}).lake
    for day in DAYS:
        row = {"day": day, "stage": "feeds", "source_key": "x", "reason": "not_xml"}
        replace_dead_letters(lake, "feeds", [day], [row])
        lake.replace_days(VECTORS, VECTORS.empty(), [day])
    return home


@pytest.fixture
def home(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(whole, tmp_path / "home")
    monkeypatch.setenv("PODREC_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "lake" / DEAD_LETTERS.name


def log_file(table: Path, version: int) -> Path:
    return table / "_delta_log" / f"{version:020}.json"


def data_file(table: Path) -> Path:
    return next((table / f"day={DAYS[1]}").glob("*.parquet"))


def halve(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


LOGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "last commit truncated": (lambda t: halve(log_file(t, 2)), "00000000000000000002.json"),
    "last commit empty": (lambda t: log_file(t, 2).write_bytes(b""), "00000000000000000002.json"),
    "last commit zeros": (
        lambda t: log_file(t, 2).write_bytes(b"\0" * 500),
        "00000000000000000002.json",
    ),
    "first commit truncated": (lambda t: halve(log_file(t, 0)), "00000000000000000000.json"),
    "first commit gone": (lambda t: log_file(t, 0).unlink(), "00000000000000000000.json"),
    "middle commit gone": (lambda t: log_file(t, 1).unlink(), "00000000000000000001.json"),
    "log gone": (lambda t: shutil.rmtree(t / "_delta_log"), "_delta_log/"),
}
DATA: dict[str, Callable[[Path], object]] = {
    "gone": lambda t: data_file(t).unlink(),
    "truncated": lambda t: halve(data_file(t)),
    "empty": lambda t: data_file(t).write_bytes(b""),
}


@pytest.mark.parametrize("damage", [*LOGS, *DATA])
def test_status_and_doctor_name_table_file_and_command(home: Path, damage: str) -> None:
    file = data_file(home).name
    if damage in LOGS:
        break_it, file = LOGS[damage]
        remedy = "`podrec restore` a backup"
    else:
        break_it = DATA[damage]
        remedy = "`podrec run --select dead_letters --days 2026-11-02..2026-11-02`"
    break_it(home)
    connections = Connections(Settings.load(), {})
    problem = status._table(connections, "dead_letters")["problem"]
    assert problem.startswith("dead_letters cannot be read: ")
    assert file in problem
    assert remedy in problem
    assert status._table(connections, "vectors")["days"] == 3
    (fault,) = examine(connections, Audit("files", "", tables.file_faults))
    assert not fault.ok
    assert file in fault.detail
    assert remedy in fault.remedy


@pytest.mark.parametrize("damage", ["last commit truncated", "gone"])
def test_the_command_shows_everything_else(home: Path, damage: str) -> None:
    (LOGS[damage][0] if damage in LOGS else DATA[damage])(home)
    shown = CliRunner().invoke(app, ["status"])
    assert shown.exit_code == 0, shown.exception
    assert "damaged: dead_letters cannot be read" in shown.stdout
    assert shown.stdout.count(" cannot be read: ") == 1
    assert "vectors" in shown.stdout
    assert "published: nothing yet" in shown.stdout
    checked = CliRunner().invoke(app, ["doctor", "--deep"])
    assert checked.exit_code == 1
    assert isinstance(checked.exception, SystemExit)
    assert "fault files of the lake: dead_letters cannot be read: " in checked.stdout
    assert "ok    columns" in checked.stdout or damage in LOGS


def test_other_tables_are_audited_behind_a_damaged_one(home: Path) -> None:
    halve(log_file(home, 2))
    other = home.parent / VECTORS.name
    halve(log_file(other, 0))
    connections = Connections(Settings.load(), {})
    for audit in (tables.file_faults, tables.column_faults, tables.key_faults):
        found = {f.detail.partition(" ")[0] for f in audit(connections)}
        assert found == {home.name, other.name}


@pytest.mark.parametrize("damage", DATA)
def test_readers_name_the_file(home: Path, damage: str) -> None:
    file = data_file(home).name
    DATA[damage](home)
    connections = Connections(Settings.load(), {})
    with pytest.raises(DamagedTableError, match=f"dead_letters cannot be read: .*{file}"):
        connections.lake.read("dead_letters")
    with pytest.raises(DamagedTableError, match=f"dead_letters cannot be read: .*{file}") as told:
        analytics.ask(connections, analytics.DEAD_LETTERS, DAYS[0], DAYS[2])
    assert isinstance(told.value.__cause__, duckdb.Error)


def error(name: str, text: str, cause: SerializableErrorInfo | None) -> SerializableErrorInfo:
    return SerializableErrorInfo(f"{name}: {text}\n", [], name.rpartition(".")[2], cause)


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        (
            [
                ("dagster.DagsterExecutionStepExecutionError", "Error occurred"),
                ("podrec_assets.errors.DamagedTableError", "x cannot be read: run y."),
                ("_internal.DeltaError", "Kernel error: Json error"),
            ],
            "x cannot be read: run y.",
        ),
        (
            [("dagster.X", "step"), ("ValueError", "at mongodb://me:hunter2@db/x")],
            "ValueError: at mongodb://db",
        ),
        (
            [("dagster.X", "step"), ("OSError", "[Errno 28] No space left on device")],
            "The disk is full: free some space, then run the same command again.",
        ),
    ],
)
def test_the_reason_of_a_failed_run_is_podrecs_sentence(
    chain: list[tuple[str, str]], reason: str
) -> None:
    cause = None
    for name, text in reversed(chain):
        cause = error(name, text, cause)
    assert reason_of(cause) == reason
