"""Loopback ports for the embedded services, outside the ephemeral range of the system.

A restarted service could find an ephemeral port taken by another program's outgoing connection.
"""

import secrets
import socket
from collections.abc import Callable
from pathlib import Path

import psutil

from podrec_assets.errors import ServiceError
from podrec_assets.services.process import wait_for

LOOPBACK = "127.0.0.1"
FIRST = 20_000
"""Lower ports are used by well-known services."""
LINUX_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
IANA_RANGE = (49_152, 65_535)
"""The ephemeral ports of other systems such as macOS."""
TRIES = 200
RELEASE_S = 3.0
"""Maximum wait for an earlier port: a killed JVM's threads can outlive its process a moment."""


def answers(port: int) -> bool:
    """Returns whether something listens on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0


def is_taken(port: int) -> bool:
    """Returns whether the loopback port cannot be bound."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


def choose_port(service: str, fixed: int, earlier: int | None, say: Callable[[str], None]) -> int:
    """Returns a service's port: the configured one, else its earlier port if free, else any.

    Args:
        service: its name in settings and messages.
        fixed: value of PODREC_<SERVICE>_PORT; 0 lets podrec choose.
        earlier: the port of the last start.
        say: gets one line if the earlier port is taken.

    Raises:
        ServiceError: the fixed port is in use.
    """
    if fixed:
        if is_taken(fixed):
            holder, setting = holder_of(fixed), f"PODREC_{service.upper()}_PORT"
            raise ServiceError(f"Port {fixed} is in use by {holder}; stop it or change {setting}.")
        return fixed
    if earlier and wait_for(lambda: not is_taken(earlier), RELEASE_S):
        return earlier
    port = free_port()
    if earlier:
        say(
            f"{service}: port {earlier} is in use by {holder_of(earlier)}; using {port} from now on"
        )
    return port


def free_port() -> int:
    """Returns a free loopback port, outside the ephemeral range if that leaves any."""
    low, high = ephemeral_range()
    outside = range(FIRST, low) or range(high + 1, 65_536)
    for _ in range(TRIES if outside else 0):
        port = secrets.choice(outside)
        if not is_taken(port):
            return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def ephemeral_range() -> tuple[int, int]:
    """Returns the first and last port that the system uses for outgoing connections."""
    try:
        low, high = LINUX_RANGE.read_text().split()
    except OSError:
        return IANA_RANGE
    return int(low), int(high)


def holder_of(port: int) -> str:
    """Returns name and pid of the process that has the port, if this user may see it."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.pid:
                name = psutil.Process(connection.pid).name()
                return f"{name} (pid {connection.pid})"
        return "an unknown process"
    except psutil.Error:
        return "an unknown process"
