"""The embedded MongoDB-wire server: mongo-java-server on an H2 file, loopback only."""

from collections.abc import Callable
from pathlib import Path

from podrec_assets.services import jars, process
from podrec_assets.services.java import java_binary
from podrec_assets.services.ports import choose_port
from podrec_assets.settings import Settings

LAUNCHER = Path(__file__).with_name("Launcher.java")
READY_WAIT_S = 60.0


def start(
    settings: Settings,
    earlier: process.Running | None,
    log: Path,
    state: Path,
    say: Callable[[str], None],
) -> process.Running:
    """Starts the server and waits until it listens. Data is kept in HOME/mongo.

    Raises:
        ServiceError: it exited, or did not listen in time; names the log.
    """
    port = choose_port("mongo", settings.mongo_port, process.port_of(earlier, "mongo"), say)
    home = settings.home / "mongo"
    home.mkdir(parents=True, exist_ok=True)
    port_file = home / "port"
    port_file.unlink(missing_ok=True)
    command = [
        str(java_binary(settings)),
        "-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError",
        "-cp", f"{jars.ensure_jars(settings, 'mongo')}/*",
        "org.codehaus.janino.SimpleCompiler", str(LAUNCHER), "Launcher",
        str(home / "data.mv"), str(port), str(port_file),
    ]  # fmt: skip
    return process.start_and_wait(
        "The MongoDB-wire server",
        command,
        log,
        state,
        {"mongo": port},
        port_file.exists,
        READY_WAIT_S,
    )
