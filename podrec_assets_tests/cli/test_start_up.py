"""Commands start at once: each imports only what it uses, counted by modules and not by time."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import typer

from podrec_assets.cli.command_table import COMMANDS
from podrec_assets.cli.main import app
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import DEAD_LETTERS, USER_EVENTS, USER_VS_EPISODE_DAILY, dead_letter
from podrec_assets.settings import Settings

TODAY = datetime.now(UTC).date()
NEVER = {
    "dagster", "duckdb", "fastapi", "grpc", "lxml", "matplotlib", "openvino", "pandas", "pyspark",
    "scipy", "sentence_transformers", "sklearn", "streamlit", "torch", "transformers",
}  # fmt: skip
CLIENTS = {"confluent_kafka", "deltalake"}
STORES = CLIENTS | {"numpy", "pyarrow", "pymongo"}
ANY = {*STORES, "asyncio", "psutil", "pydantic", "pydantic_settings"}
RUN = """
import atexit, json, os, sys
names = set(json.loads(os.environ["HEAVY"]))
atexit.register(lambda: print(json.dumps(sorted(names & set(sys.modules))), file=sys.stderr))
from podrec_assets.cli.main import main
main()
"""


def imported(settings: Settings, *arguments: str) -> set[str]:
    """Runs a command in a process of its own and returns which heavy modules it imported."""
    variables = os.environ | {
        "PODREC_HOME": str(settings.home),
        "HEAVY": json.dumps(sorted(NEVER | ANY)),
    }
    command = [sys.executable, "-c", RUN, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=variables, check=False)
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_the_list_of_commands_imports_no_command(settings: Settings) -> None:
    assert imported(settings, "--help") == set()


@pytest.mark.parametrize(
    ("arguments", "unused"),
    [
        (("recommend", "listener-0001"), NEVER | CLIENTS),
        (("settings",), NEVER | STORES),
        (("down",), NEVER | STORES),
        (("recommend", "--help"), NEVER | CLIENTS),
        (("status",), NEVER),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_imports_only_what_it_uses(
    settings: Settings, arguments: tuple[str, ...], unused: set[str]
) -> None:
    assert imported(settings, *arguments) & unused == set()


@pytest.mark.slow
def test_status_asks_dagster_only_after_the_tables_have_changed(settings: Settings) -> None:
    lake, yesterday = Connections(settings).lake, TODAY - timedelta(days=1)
    letter = dead_letter(TODAY, "episodes", "https://example.org/feed.xml", "bad_xml", "No XML.")
    lake.replace_days(DEAD_LETTERS, DEAD_LETTERS.rows([letter]), [TODAY])
    event = {"kafka_partition": 0, "kafka_offset": 0, "event_day": yesterday, "is_late": False}
    lake.replace_days(USER_EVENTS, USER_EVENTS.rows([{"day": TODAY} | event]), [TODAY])
    assert "dagster" in imported(settings, "status")
    assert imported(settings, "status") & NEVER == set()
    lake.replace_days(USER_VS_EPISODE_DAILY, USER_VS_EPISODE_DAILY.rows([]), [TODAY])
    late = {"day": TODAY} | event | {"is_late": True}  # and its day has no score
    lake.replace_days(USER_EVENTS, USER_EVENTS.rows([late]), [TODAY])
    for _ in range(2):  # a day that waits is looked up every time
        assert "dagster" in imported(settings, "status")


def test_the_list_of_commands_shows_the_summary_of_each() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for heading, summaries in COMMANDS.items():
        for name, summary in summaries.items():
            assert commands[name].help.split("\n\n")[0] == summary
            assert (commands[name].name, commands[name].rich_help_panel) == (name, heading)
