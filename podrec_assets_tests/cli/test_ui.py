"""`podrec ui` serves Dagster and the dashboard, and leaves no process behind when stopped."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from podrec_assets.services import process
from podrec_assets.services.ports import answers, free_port

pytestmark = pytest.mark.services


def test_both_are_served_and_sigterm_ends_all(tmp_path: Path) -> None:
    ports = [free_port() for _ in range(2)]
    variables = {
        "PODREC_HOME": str(tmp_path / "home"),
        "PODREC_UI_PORT": str(ports[0]),
        "PODREC_DASHBOARD_PORT": str(ports[1]),
    }
    log = tmp_path / "ui.log"
    with log.open("w") as output:
        command = [sys.executable, "-c", "from podrec_assets.cli.main import main; main()", "ui"]
        served = subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | variables)
    try:
        assert process.wait_for(lambda: all(map(answers, ports)), 120), log.read_text()
        assert f"Dagster UI: http://127.0.0.1:{ports[0]}" in log.read_text()
        assert "starting both" in log.read_text()
        assert process.wait_for(lambda: log.read_text().count(" is ready after ") == 2, 10)
    finally:
        served.send_signal(signal.SIGTERM)
        served.wait(60)
    assert process.wait_for(lambda: not any(map(answers, ports)), 20)
    assert own_processes(str(tmp_path)) == []


def own_processes(home: str) -> list[str]:
    """Returns the command lines of running processes whose environment names the home."""
    lines = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if home in (folder / "environ").read_text(errors="replace"):
                lines.append((folder / "cmdline").read_text().replace("\0", " ")[:120])
        except OSError:
            continue
    return [line for line in lines if line]
