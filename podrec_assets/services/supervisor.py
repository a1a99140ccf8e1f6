"""The embedded services together: up, down, status, and where each one listens. Settings may name
external ones instead.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from podrec_assets.errors import ServiceError
from podrec_assets.services import kafka, mongo, process, samples
from podrec_assets.services.ports import LOOPBACK, answers
from podrec_assets.settings import Settings

STARTERS = {"kafka": kafka.start, "mongo": mongo.start, "samples": samples.start}
_SCHEMES = {"kafka": "", "mongo": "mongodb://", "samples": "http://"}


def up(settings: Settings, say: Callable[[str], None]) -> None:
    """Starts each embedded service that does not run yet; data of earlier runs is kept.

    Raises:
        ServiceError: one did not start; says why.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.home / "up.lock"):
        for name, start in STARTERS.items():
            earlier = process.read_state(_state_file(settings, name))
            if _external(settings, name) or (earlier and earlier.is_alive()):
                continue
            say(f"starting {name}")
            start(
                settings,
                earlier,
                settings.home / "logs" / f"{name}.log",
                _state_file(settings, name),
                say,
            )


def down(settings: Settings) -> None:
    """Stops the embedded services; their ports stay noted, so a later `up` uses them again."""
    for name in reversed(STARTERS):
        running = process.read_state(_state_file(settings, name))
        if running:
            process.stop(running)


@contextmanager
def stopped(settings: Settings) -> Iterator[None]:
    """Holds the embedded services down: `up` of another process waits.

    Raises:
        ServiceError: one runs, or is being started.
    """
    try:
        with FileLock(settings.home / "up.lock", timeout=0):
            states = {name: process.read_state(_state_file(settings, name)) for name in STARTERS}
            running = [name for name, found in states.items() if found and found.is_alive()]
            if running:
                raise ServiceError(
                    f"The embedded {', '.join(running)} still run: stop them with `podrec down` first."
                )
            yield
    except Timeout as err:
        raise ServiceError(
            "The embedded services are being started or backed up: wait for that, then `podrec down`."
        ) from err


def status(settings: Settings) -> dict[str, dict]:
    """By service: up, address (None if unknown), embedded."""
    report = {}
    for name in STARTERS:
        external = _external(settings, name)
        running = process.read_state(_state_file(settings, name))
        if external:
            report[name] = {"up": True, "address": _redacted(external), "embedded": False}
        else:
            is_up = bool(running and running.is_alive() and answers(running.ports[name]))
            report[name] = {
                "up": is_up,
                "address": _address(name, running) if running else None,
                "embedded": True,
            }
    return report


def address(settings: Settings, name: str) -> str:
    """Where a service listens. Raises ServiceError when the embedded one is down."""
    external = _external(settings, name)
    if external:
        return external
    running = process.read_state(_state_file(settings, name))
    if running is None or not running.is_alive():
        raise ServiceError(f"The embedded {name} does not run: start it with `podrec up`.")
    return _address(name, running)


def _external(settings: Settings, name: str) -> str:
    return {"kafka": settings.kafka_bootstrap, "mongo": settings.mongo_uri.get_secret_value()}.get(
        name, ""
    )


def _address(name: str, running: process.Running) -> str:
    return f"{_SCHEMES[name]}{LOOPBACK}:{running.ports[name]}"


def _redacted(address: str) -> str:
    """An address without the user and password that a Mongo URI may hold."""
    scheme, separator, rest = address.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _state_file(settings: Settings, name: str) -> Path:
    return settings.home / "services" / f"{name}.json"
