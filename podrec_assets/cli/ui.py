"""`podrec ui`: the Dagster webserver with its daemon and code location, and the dashboard."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import typer

from podrec_assets.cli.console import out, say
from podrec_assets.cli.dashboard import check_dashboard_access, dashboard_command
from podrec_assets.defs.instance import TOP, instance_environment, open_instance
from podrec_assets.errors import ServiceError
from podrec_assets.services.ports import LOOPBACK, answers, is_taken
from podrec_assets.settings import Settings

NO_HINT = ("-W", "ignore:Function `dev_command` is superseded")
"""`dagster dev` suggests `dg dev`, which requires another project layout."""
STOP_WAIT_S = 15.0
POLL_S = 0.5


def ui() -> None:
    """Start the Dagster UI, its daemon and the dashboard, and print their addresses.

    The daemon runs schedules and sensors: it lands events, polls feeds and publishes lists on its
    own. Ctrl-C stops everything.

    Example: podrec ui
    """
    settings = Settings.load()
    check_dashboard_access(settings, settings.dashboard_host)
    with open_instance(settings):
        pass
    for port, name in (
        (settings.ui_port, "PODREC_UI_PORT"),
        (settings.dashboard_port, "PODREC_DASHBOARD_PORT"),
    ):
        if is_taken(port):
            raise ServiceError(f"Port {port} is in use; stop what uses it or set {name}.")
    environment = os.environ | instance_environment(settings)
    dashboard_url = f"http://{settings.dashboard_host}:{settings.dashboard_port}"
    out.print(f"Dagster UI: http://{LOOPBACK}:{settings.ui_port}")
    out.print(f"Dashboard:  {dashboard_url}  (Ctrl-C stops both)")
    dashboard = dashboard_command(settings.dashboard_port, settings.dashboard_host)
    with _running(dashboard, environment), _running(_dagster_command(settings), environment) as ui_:
        signal.signal(signal.SIGTERM, _interrupt)
        _wait_until_served(settings, ui_)
        ui_.wait()
    raise typer.Exit(ui_.returncode)


def _wait_until_served(settings: Settings, dagster: subprocess.Popen) -> None:
    """Says what is being started, and when each address answers."""
    say("starting both; Dagster takes ten to thirty seconds")
    started = time.monotonic()
    waiting = {settings.ui_port: "Dagster UI", settings.dashboard_port: "dashboard"}
    while waiting and dagster.poll() is None:
        for port in [p for p in waiting if answers(p)]:
            say(f"{waiting.pop(port)} is ready after {time.monotonic() - started:.0f} s")
        time.sleep(POLL_S)


def _dagster_command(settings: Settings) -> list[str]:
    place = ("-w", "workspace.yaml", "-h", LOOPBACK, "-p", str(settings.ui_port))
    # At the level info, the daemon logs a line for each tick of each sensor.
    return [sys.executable, *NO_HINT, "-m", "dagster", "dev", *place, "--log-level", "warning"]


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen]:
    """Runs a command, and ends its whole process group: `dagster dev` leaves children behind."""
    # A shell starts background jobs with Ctrl-C ignored, and the child would inherit that.
    child = subprocess.Popen(
        command,
        cwd=TOP,
        env=environment,
        start_new_session=True,
        preexec_fn=_accept_interrupts,  # noqa: PLW1509 - this process has one thread
    )
    try:
        yield child
    finally:
        for number in (signal.SIGINT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(child.pid, number)
            with suppress(subprocess.TimeoutExpired):
                child.wait(STOP_WAIT_S)


def _accept_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
