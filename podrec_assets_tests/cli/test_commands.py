"""The command line as people and scripts use it: help, exit codes, one-line errors, JSON."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from podrec_assets.cli.command_table import COMMANDS as HEADINGS
from podrec_assets.cli.console import guard, parse_days
from podrec_assets.cli.main import app
from podrec_assets.errors import PodrecError
from podrec_assets.pipelines.listening.event_import import to_message

pytestmark = pytest.mark.slow

COMMANDS = (
    "accept-loss", "api", "backfill", "backup", "catch-up", "check-transcript", "dashboard",
    "dead-letters", "demo",
    "doctor", "down", "episodes", "evaluate", "export", "forget", "graph", "ingest", "models",
    "optimize", "plan", "produce", "publish", "rebuild", "recommend", "redrive", "replay",
    "restore", "run", "search", "settings", "similar", "simulate", "sources", "status", "stream",
    "trace", "transcribe", "ui", "up", "vacuum", "withdraw",
)  # fmt: skip


def podrec(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Runs a real process, so that exit code and streams are those that a shell sees."""
    variables = os.environ | {"PODREC_HOME": str(home), "PODREC_ENGINE": "local"} | environment
    command = [sys.executable, "-c", "from podrec_assets.cli.main import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=variables, check=False)


def every_command() -> Iterator[tuple[str, Any]]:
    """Yields every command and subcommand with what is typed for it."""
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        yield name, command
        for subname, subcommand in getattr(command, "commands", {}).items():
            yield f"{name} {subname}", subcommand


def test_the_commands_are_these() -> None:
    assert sorted(name for name, _ in every_command() if " " not in name) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_defined_in_the_file_of_its_name(name: str) -> None:
    word = name.replace("-", "_")
    command = getattr(importlib.import_module(f"podrec_assets.cli.{word}"), word)
    assert any(name in summaries for summaries in HEADINGS.values())
    if not isinstance(command, typer.Typer):
        assert command.__module__ == f"podrec_assets.cli.{word}"


@pytest.mark.parametrize(("name", "command"), every_command(), ids=lambda v: str(v)[:20])
def test_every_command_has_a_one_line_summary_and_an_example(name: str, command: Any) -> None:
    summary, *paragraphs = command.help.split("\n\n")
    assert summary.endswith(".")
    assert "\n" not in summary
    if name != "models":  # a group without an action of its own
        assert any(p.startswith("Example: ") and f"podrec {name}" in p for p in paragraphs)
    assert all(p.help and p.help.endswith(".") for p in command.params)


def test_help_is_grouped_by_heading() -> None:
    output = CliRunner().invoke(app, ["--help"]).output
    assert [h for h in HEADINGS if f" {h} " in output] == list(HEADINGS)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("nonsense",), 2, "No such command 'nonsense'"),
        (("run", "--days", "yesterday"), 2, "'yesterday' is not a day or A..B"),
        (("run", "--days", "2026-11-02..2026-11-01"), 2, "2026-11-02 comes after 2026-11-01"),
        (
            ("run", "--select", "nonsense", "--days", "2026-11-01"),
            1,
            "unknown asset 'nonsense'; known: als_top_n, als_tuning",
        ),
        (
            ("run", "--select", "episodes", "--days", "2001-01-01"),
            1,
            "Days must lie between 2018-01-01 and today",
        ),
        (
            ("recommend", "somebody"),
            1,
            "The embedded mongo is not running: start it with `podrec up`.",
        ),
        (("produce", "absent.jsonl"), 1, "absent.jsonl is not a file"),
    ],
    ids=["command", "day", "range", "asset", "before the first day", "mongo down", "file"],
)
def test_a_mistake_gives_one_sentence_and_no_traceback(
    tmp_path: Path, arguments: tuple, code: int, words: str
) -> None:
    done = podrec(tmp_path, *arguments)
    assert done.returncode == code, done.stderr
    assert words in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    assert "Traceback" in podrec(tmp_path, "--debug", "produce", "absent.jsonl").stderr


def test_a_bad_setting_is_named(tmp_path: Path) -> None:
    done = podrec(tmp_path, "status", PODREC_KAFKA_PORT="many")
    assert done.returncode == 1
    assert "PODREC_KAFKA_PORT='many' cannot be used" in done.stderr


def test_status_of_an_empty_home_is_a_json_document(tmp_path: Path) -> None:
    document = json.loads(podrec(tmp_path, "status", "--json").stdout)
    problem = "The embedded kafka is not running: start it with `podrec up`."
    assert document["services"]["kafka"] == {
        "up": False,
        "address": None,
        "embedded": True,
        "problem": problem,
    }
    empty = {"rows": 0, "days": 0, "first_day": None, "latest_day": None, "delta_version": None}
    assert document["tables"]["episodes"] == empty
    assert document["collections"]["als_top_n"] == {"documents": None, "version": None, "day": None}
    assert document["topics"]["user-events"] == {
        "end_offsets": None,
        "landed_offsets": {},
        "lag": None,
    }
    assert (document["publication"], document["dead_letters"]) == (None, {})


def test_status_shows_tables_while_external_services_are_down(
    tmp_path: Path,
) -> None:
    unreachable = {
        "PODREC_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "PODREC_MONGO_URI": "mongodb://me:secret@127.0.0.1:1",
    }
    done = podrec(tmp_path, "status", "--json", **unreachable)
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert [document["services"][n]["up"] for n in ("kafka", "mongo")] == [False, False]
    assert "Kafka at 127.0.0.1:1 does not answer" in document["services"]["kafka"]["problem"]
    assert "MongoDB server does not answer" in document["services"]["mongo"]["problem"]
    assert document["tables"]["episodes"]["rows"] == 0
    assert "secret" not in done.stdout + done.stderr


def test_doctor_names_what_is_missing_and_the_remedy(tmp_path: Path) -> None:
    done = podrec(tmp_path, "doctor", "--json")
    findings = {f["what"]: f for f in json.loads(done.stdout)["findings"]}
    assert done.returncode == 1
    assert findings["Java"]["ok"]
    assert not findings["kafka"]["ok"]
    assert findings["kafka"]["remedy"].startswith("run `podrec up`")


def test_an_empty_home_has_no_episodes_and_no_dead_letters(
    tmp_path: Path,
) -> None:
    assert "podrec ingest FEED_URL" in podrec(tmp_path, "episodes").stdout
    assert json.loads(podrec(tmp_path, "dead-letters", "--json").stdout) == {"reasons": []}


def test_settings_are_listed_with_their_marks_and_secrets_are_hidden(tmp_path: Path) -> None:
    done = podrec(tmp_path, "settings", "--json", PODREC_MONGO_URI="mongodb://me:hunter2@db")
    document = json.loads(done.stdout)
    assert document["PODREC_HOME"]["value"] == str(tmp_path)
    assert document["PODREC_ALS_RANK"]["changes"] == "results"
    assert "hunter2" not in done.stdout


def test_errors_become_exit_code_1_and_one_line(capsys: pytest.CaptureFixture) -> None:
    def fails() -> None:
        raise PodrecError("The disk is full; delete files.")

    assert guard(fails, debug=False) == 1
    assert capsys.readouterr().err == "error: The disk is full; delete files.\n"
    assert guard(fails, debug=True) == 1
    assert "in fails\n" in capsys.readouterr().err
    assert guard(lambda: None, debug=False) == 0


def test_one_day_is_a_range_of_itself() -> None:
    first, last = parse_days("2026-11-01")
    assert (str(first), str(last)) == ("2026-11-01", "2026-11-01")


def test_a_produced_line_gets_its_recorded_at_as_timestamp_and_keeps_the_rest() -> None:
    line = b'{"user_id": "u", "kind": "like", "recorded_at": "2026-11-01T00:00:01+00:00"}'
    message = to_message(line)
    assert (message.key, message.timestamp_ms) == (b"u", 1793491201000)
    assert json.loads(message.value or b"") == {"user_id": "u", "kind": "like"}
    for bad in (b"nonsense", b"[1]", b'{"user_id": 7,  "note": "\\ud83d"}'):
        assert to_message(bad).value == bad
