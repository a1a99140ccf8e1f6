"""`podrec ui`: Dagster's webserver, daemon and code location, and the dashboard beside them;
`podrec dashboard`: it alone.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from podrec_assets import dashboard
from podrec_assets.cli.console import out
from podrec_assets.defs.instance import TOP, instance_environment, open_instance
from podrec_assets.errors import ServiceError
from podrec_assets.services.ports import LOOPBACK, is_taken
from podrec_assets.serving.access import check_exposure
from podrec_assets.settings import Settings

STREAMLIT = ("--server.headless", "true", "--browser.gatherUsageStats", "false")
NO_HINT = ("-W", "ignore:Function `dev_command` is superseded")
"""`dg dev`, which is hinted at, wants a project of its own layout."""
DASHBOARD_TOKEN = "PODREC_DASHBOARD_TOKEN"  # noqa: S105
STOP_WAIT_S = 15.0


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(ui)
    app.command("dashboard")(dashboard_alone)


def ui() -> None:
    """Start Dagster's UI and daemon and the dashboard, and print their addresses. Ctrl-C stops
    them.

    Example: podrec ui
    """
    settings = Settings.load()
    check_exposure(
        settings.dashboard_host, settings.dashboard_token.get_secret_value(), DASHBOARD_TOKEN
    )
    with open_instance(settings):
        pass
    for wanted, name in (
        (settings.ui_port, "PODREC_UI_PORT"),
        (settings.dashboard_port, "PODREC_DASHBOARD_PORT"),
    ):
        if is_taken(wanted):
            raise ServiceError(f"Port {wanted} is in use; stop what uses it or set {name}.")
    environment = os.environ | instance_environment(settings)
    out.print(f"Dagster UI: http://{LOOPBACK}:{settings.ui_port}")
    out.print(
        f"Dashboard:  http://{settings.dashboard_host}:{settings.dashboard_port}  (Ctrl-C stops both)"
    )
    port = str(settings.ui_port)
    place = ("-w", "workspace.yaml", "-h", LOOPBACK, "-p", port)
    # Each tick of each sensor is a line of its daemon at the level info; the UI shows them all.
    dagster = [sys.executable, *NO_HINT, "-m", "dagster", "dev", *place, "--log-level", "warning"]
    shown = dashboard_command(settings.dashboard_port, settings.dashboard_host)
    with _running(shown, environment), _running(dagster, environment) as served:
        signal.signal(signal.SIGTERM, _interrupt)
        served.wait()
    raise typer.Exit(served.returncode)


def dashboard_alone(
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; default PODREC_DASHBOARD_HOST.")
    ] = "",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port; default PODREC_DASHBOARD_PORT.")
    ] = 0,
) -> None:
    """Serve the dashboard alone, as its container does, until Ctrl-C.

    Without PODREC_DASHBOARD_TOKEN only this machine is served; an address that others reach is
    refused.

    Example: podrec dashboard --port 8501
    """
    settings = Settings.load()
    host, port = host or settings.dashboard_host, port or settings.dashboard_port
    check_exposure(host, settings.dashboard_token.get_secret_value(), DASHBOARD_TOKEN)
    command = dashboard_command(port, host)
    # In place of this process, so that what stops it reaches Streamlit itself.
    os.execv(command[0], command)


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen]:
    """A child with all that it starts; ended as a group, for `dagster dev` leaves its own children
    behind.
    """
    # A shell starts background jobs with Ctrl-C ignored, and the child would inherit that.
    child = subprocess.Popen(
        command, cwd=TOP, env=environment, start_new_session=True, preexec_fn=_heed_interrupts
    )
    try:
        yield child
    finally:
        for number in (signal.SIGINT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(child.pid, number)
            with suppress(subprocess.TimeoutExpired):
                child.wait(STOP_WAIT_S)


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def dashboard_command(port: int, host: str = LOOPBACK) -> list[str]:
    """The command that serves the dashboard."""
    page = str(Path(dashboard.__path__[0]) / "app.py")
    address = ("--server.address", host, "--server.port", str(port))
    return [sys.executable, "-m", "streamlit", "run", page, *address, *STREAMLIT]
