"""Killed anywhere and started again, podrec ends as if nothing had happened.

The schedules run in a process of their own: they fork it, so it must not have used a store.
"""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.services, pytest.mark.slow]


def chaos(kafka: str, mongo: str, *options: str) -> tuple[int, str]:
    """Returns exit code and output of `python -m podrec_assets_tests.chaos`."""
    addresses = ("--kafka", kafka, "--mongo", mongo)
    finished = subprocess.run(
        [sys.executable, "-m", "podrec_assets_tests.chaos", *addresses, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=900,
        check=False,
    )
    return finished.returncode, finished.stdout


def test_forty_schedules_end_like_a_run_without_a_crash(
    kafka_bootstrap: str, mongo_uri: str
) -> None:
    code, output = chaos(kafka_bootstrap, mongo_uri, "--seeds", "40")
    assert code == 0, output
    assert output.startswith("40 schedules"), output
    assert output.rstrip().endswith(" 0 failed"), output


def test_offsets_committed_before_their_rows_are_found_within_100_schedules(
    kafka_bootstrap: str, mongo_uri: str
) -> None:
    bug = ("--plant", "ledger-before-rows")
    code, output = chaos(kafka_bootstrap, mongo_uri, "--seeds", "100", *bug, "--until-found")
    assert code == 1, output
    assert "offsets of user_events" in output
    assert "delta write user_events" in output
