"""Starts and stops the embedded services, and reports their status and addresses.

Settings can name external services instead.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from podrec_assets.errors import ServiceError
from podrec_assets.redaction import redacted
from podrec_assets.services import kafka, mongo, process, samples
from podrec_assets.services.ports import LOOPBACK, answers
from podrec_assets.settings import Settings

STARTERS = {"kafka": kafka.start, "mongo": mongo.start, "samples": samples.start}
_SCHEMES = {"kafka": "", "mongo": "mongodb://", "samples": "http://"}


def up(settings: Settings, say: Callable[[str], None]) -> None:
    """Starts each embedded service that is not running; data of earlier runs is kept.

    Raises:
        ServiceError: a service did not start; says why.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.home / "up.lock"):
        for name, start in STARTERS.items():
            earlier = _recorded(settings, name)
            if _external(settings, name) or (earlier and earlier.is_alive()):
                continue
            say(f"starting {name}")
            log = settings.home / "logs" / f"{name}.log"
            start(settings, earlier, log, _state_file(settings, name), say)


def down(settings: Settings) -> None:
    """Stops the embedded services; a later `up` uses the same ports again."""
    for name in reversed(STARTERS):
        running = _recorded(settings, name)
        if running:
            process.stop(running)


@contextmanager
def stopped(settings: Settings) -> Iterator[None]:
    """Keeps the embedded services stopped: `up` in another process waits.

    Raises:
        ServiceError: a service is running or being started.
    """
    try:
        with FileLock(settings.home / "up.lock", timeout=0):
            states = {name: _recorded(settings, name) for name in STARTERS}
            running = [name for name, state in states.items() if state and state.is_alive()]
            if running:
                raise ServiceError(
                    f"The embedded services {', '.join(running)} are running: "
                    "stop them with `podrec down` first."
                )
            yield
    except Timeout as err:
        raise ServiceError(
            "The embedded services are being started or backed up: "
            "wait until that is done, then run `podrec down`."
        ) from err


def status(settings: Settings) -> dict[str, dict]:
    """Returns {up, address (None if unknown), embedded} by service."""
    report = {}
    for name in STARTERS:
        external = _external(settings, name)
        running = _recorded(settings, name)
        if external:
            report[name] = {"up": True, "address": redacted(external), "embedded": False}
        else:
            is_up = bool(running and running.is_alive() and answers(running.ports[name]))
            report[name] = {
                "up": is_up,
                "address": _address(name, running) if running else None,
                "embedded": True,
            }
    return report


def address(settings: Settings, name: str) -> str:
    """Returns where a service listens.

    Raises:
        ServiceError: the embedded service is not running.
    """
    external = _external(settings, name)
    if external:
        return external
    running = _recorded(settings, name)
    if running is None or not running.is_alive():
        raise ServiceError(f"The embedded {name} is not running: start it with `podrec up`.")
    return _address(name, running)


def _external(settings: Settings, name: str) -> str:
    return {"kafka": settings.kafka_bootstrap, "mongo": settings.mongo_uri.get_secret_value()}.get(
        name, ""
    )


def _address(name: str, running: process.Running) -> str:
    return f"{_SCHEMES[name]}{LOOPBACK}:{running.ports[name]}"


def _recorded(settings: Settings, name: str) -> process.Running | None:
    """Returns the last started process of a service, running or not; None if there is none."""
    recorded = process.read_state(_state_file(settings, name))
    return recorded if recorded and name in recorded.ports else None


def _state_file(settings: Settings, name: str) -> Path:
    return settings.home / "services" / f"{name}.json"
