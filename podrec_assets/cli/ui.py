"""`podrec ui`: Dagster's webserver, daemon and code location, and the dashboard beside them."""

import os
import subprocess
import sys
from pathlib import Path

import typer

from podrec_assets import dashboard
from podrec_assets.cli.console import out
from podrec_assets.cli.instance import TOP, instance_environment, open_instance
from podrec_assets.errors import ServiceError
from podrec_assets.services import process
from podrec_assets.settings import Settings

STREAMLIT = ("--server.headless", "true", "--browser.gatherUsageStats", "false", "--client.toolbarMode", "viewer")


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(ui)


def ui() -> None:
    """Start Dagster's UI and daemon and the dashboard, and print their addresses. Ctrl-C stops them.

    Example: podrec ui
    """
    settings = Settings.load()
    with open_instance(settings):
        pass
    for wanted, name in ((settings.ui_port, "PODREC_UI_PORT"), (settings.dashboard_port, "PODREC_DASHBOARD_PORT")):
        if process.port_is_taken(wanted):
            raise ServiceError(f"Port {wanted} is in use; stop what uses it or set {name}.")
    environment = os.environ | instance_environment(settings)
    out.print(f"Dagster UI: http://{process.LOOPBACK}:{settings.ui_port}")
    out.print(f"Dashboard:  http://{process.LOOPBACK}:{settings.dashboard_port}  (Ctrl-C stops both)")
    with subprocess.Popen(dashboard_command(settings.dashboard_port), cwd=TOP, env=environment) as served:
        try:
            port = str(settings.ui_port)
            command = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-h", process.LOOPBACK, "-p", port]
            code = subprocess.call(command, cwd=TOP, env=environment)
        finally:
            served.terminate()
    raise typer.Exit(code)


def dashboard_command(port: int) -> list[str]:
    """The command that serves the dashboard on a loopback port."""
    page = str(Path(dashboard.__path__[0]) / "app.py")
    address = ("--server.address", process.LOOPBACK, "--server.port", str(port))
    return [sys.executable, "-m", "streamlit", "run", page, *address, *STREAMLIT]
