"""`podrec dashboard`: the dashboard without the Dagster UI."""

import os
import sys
from importlib import resources
from typing import Annotated

import typer

from podrec_assets.services.ports import LOOPBACK
from podrec_assets.serving.access import check_exposure
from podrec_assets.settings import Settings

STREAMLIT = ("--server.headless", "true", "--browser.gatherUsageStats", "false")


def dashboard(
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; default PODREC_DASHBOARD_HOST.")
    ] = "",
    port: Annotated[
        int,
        typer.Option(
            "--port",
            min=0,
            max=65535,
            help="Port; default PODREC_DASHBOARD_PORT.",
            show_default=False,
        ),
    ] = 0,
) -> None:
    """Serve only the dashboard, until Ctrl-C.

    Without PODREC_DASHBOARD_TOKEN it can be reached from this machine only, and any other address
    is refused.

    Example: podrec dashboard --port 8501
    """
    settings = Settings.load()
    host, port = host or settings.dashboard_host, port or settings.dashboard_port
    check_dashboard_access(settings, host)
    command = dashboard_command(port, host)
    # Replaces this process, so that signals reach Streamlit itself.
    os.execv(command[0], command)


def check_dashboard_access(settings: Settings, host: str) -> None:
    """Raises SettingsError if other machines can reach the address and no token is set."""
    token = settings.dashboard_token.get_secret_value()
    check_exposure(host, token, "PODREC_DASHBOARD_TOKEN")


def dashboard_command(port: int, host: str = LOOPBACK) -> list[str]:
    """Returns the command that serves the dashboard."""
    page = str(resources.files("podrec_assets.dashboard") / "app.py")
    address = ("--server.address", host, "--server.port", str(port))
    return [sys.executable, "-m", "streamlit", "run", page, *address, *STREAMLIT]
