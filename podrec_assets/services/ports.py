"""Loopback ports for the embedded services, outside the range from which the system gives outgoing
connections theirs.

A port inside that range may belong to another program's connection when a killed service wants it
back.
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
"""Lower ports are those of well-known services."""
LINUX_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
IANA_RANGE = (49_152, 65_535)
"""The ephemeral ports of other systems, macOS among them."""
TRIES = 200
RELEASE_S = 3.0
"""Longest wait for an earlier port: threads of a killed JVM may hold it a moment longer than its
process seems to live.
"""


def answers(port: int) -> bool:
    """Whether something listens on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0


def is_taken(port: int) -> bool:
    """Whether the loopback port cannot be bound."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


def choose_port(service: str, fixed: int, earlier: int | None, say: Callable[[str], None]) -> int:
    """The port that a service listens on: its setting, else its earlier port if that is free, else
    a free one.

    Args:
        service: its name in settings and messages.
        fixed: value of PODREC_<SERVICE>_PORT; 0 leaves the choice to podrec.
        earlier: the port of the last start.
        say: told in one line when the earlier port is taken.

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
    found = free_port()
    if earlier:
        say(
            f"{service}: port {earlier} is in use by {holder_of(earlier)}; it listens on {found} from now on"
        )
    return found


def free_port() -> int:
    """A free loopback port, outside the ephemeral range wherever the system leaves room beside it."""
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
    """First and last port that the system gives to outgoing connections."""
    try:
        low, high = LINUX_RANGE.read_text().split()
    except OSError:
        return IANA_RANGE
    return int(low), int(high)


def holder_of(port: int) -> str:
    """Which process has the port, as far as this user may know."""
    try:
        found = next(
            (
                c.pid
                for c in psutil.net_connections("tcp")
                if c.laddr and c.laddr.port == port and c.pid
            ),
            None,
        )
        return f"{psutil.Process(found).name()} (pid {found})" if found else "an unknown process"
    except psutil.Error:
        return "an unknown process"
