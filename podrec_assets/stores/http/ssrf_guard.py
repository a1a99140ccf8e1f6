"""Decides which addresses may be fetched, and connects to exactly the checked address.

A feed may point anywhere. The name is resolved here, and all its addresses must be global unless
the origin is allowed. The socket then goes to a checked address, because a second look-up could
give another one (DNS rebinding).
"""

import socket
import ssl
import time
from collections.abc import Set
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, urlsplit

from podrec_assets.errors import FetchFailedError, FetchRefusedError
from podrec_assets.redaction import without_credentials

_PUBLIC_IPV6 = IPv6Network("2000::/3")
"""All that IANA has allocated for global unicast; everything else is special or unused."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""Where a network without IPv4 reaches it: as public as the IPv4 address in the last 32 bits."""
_SPECIAL_IPV6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
"""Protocol assignments with Teredo, documentation and 6to4, inside of 2000::/3."""
_SPECIAL_IPV4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
            "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        ),
    )
)  # fmt: skip
"""IANA's special-purpose registry and multicast, as Python's `is_global` differs by version."""
Address = IPv4Address | IPv6Address
IDLE_S = 60
"""Longest wait for the next byte, however much time a download has left."""


@dataclass(frozen=True)
class Target:
    """A checked address: where to connect, and the path to request."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _default_port(self.scheme) else f"{host}:{self.port}"


def checked_target(url: str, allowed_origins: Set[str]) -> Target:
    """Resolves and checks a URL.

    Args:
        url: http or https, without user name and password.
        allowed_origins: host:port that may have private or loopback addresses.

    Raises:
        FetchRefusedError: the address must not be fetched.
        FetchFailedError: the name is not known.
    """
    shown = without_credentials(url)
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
        host = host if ":" in host else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError) as err:
        raise FetchRefusedError(f"{shown!r} is not an address.") from err
    if parts.scheme not in ("http", "https") or not host:
        raise FetchRefusedError(f"{shown!r} is not an http or https address.")
    if parts.username is not None or parts.password is not None:
        raise FetchRefusedError(
            f"{shown} was given with a user name or password, which podrec does not use; "
            "use an address without them."
        )
    port = port or _default_port(parts.scheme)
    addresses = _resolve(url, host, port)
    if f"{host}:{port}" not in allowed_origins:
        for address in addresses:
            if not is_public(address):
                raise FetchRefusedError(
                    f"{url} leads to {address}, which is not public; "
                    f"PODREC_FETCH_ALLOW={host}:{port} would allow it."
                )
    # Paths may have spaces and letters that a request line cannot.
    path = quote(parts.path or "/", safe="/%:=&~+!$,;'@()*")
    query = "?" + quote(parts.query, safe="/%:=&~+!$,;'@()*?[]|") if parts.query else ""
    return Target(parts.scheme, host, port, path + query, tuple(addresses))


def is_public(address: str) -> bool:
    """Whether an IP address is global unicast, by IANA's special-purpose registries.

    IPv6 that embeds IPv4 (mapped, compatible, 6to4, Teredo) is not, except NAT64.
    """
    ip: Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        if ip not in _NAT64:
            return ip in _PUBLIC_IPV6 and not any(ip in network for network in _SPECIAL_IPV6)
        ip = IPv4Address(int(ip) & 0xFFFFFFFF)
    return not any(ip in network for network in _SPECIAL_IPV4)


def connect(target: Target, deadline: float) -> socket.socket:
    """Connects to the first checked address that answers.

    TLS sends and verifies the host name, not the address. The caller does the handshake.
    """
    failure: OSError = OSError("no address")
    for address in target.addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        try:
            sock = socket.create_connection((address, target.port), timeout=min(left, IDLE_S))
        except OSError as err:
            failure = err
            continue
        if target.scheme == "http":
            return sock
        return ssl.create_default_context().wrap_socket(
            sock, server_hostname=target.host, do_handshake_on_connect=False
        )
    raise failure


def _resolve(url: str, host: str, port: int) -> list[str]:
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as err:
        raise FetchFailedError(
            f"{url} could not be fetched: the name {host} is not known; check the address."
        ) from err
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80
