"""Fetching addresses that strangers wrote: feeds, transcripts. The only module that talks HTTP.

A feed may point anywhere, so the name is resolved here, every address it has must be global (or its origin allow-listed),
and the socket goes to exactly the address that was checked: a second look-up could answer differently (DNS rebinding).
Proxies of the environment are not used, for they would resolve the name again.
"""

import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Timer
from urllib.parse import quote, urljoin, urlsplit

from podrec_assets.errors import FetchFailedError, FetchRefusedError, UnusableInputError
from podrec_assets.stores.content_encoding import READ_BYTES, DecodeError, decoder_of

MAX_REDIRECTS = 5
REDIRECTS = {301, 302, 303, 307, 308}
PASSING = {408, 425, 429}
USER_AGENT = "podrec/0.1 (podcast recommender)"
NAT64 = IPv6Network("64:ff9b::/96")
Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Fetched:
    """One answer.

    Attributes:
        url: where the answer came from, after redirects.
        status: 200 to 299, or 304 when the conditional request found nothing new.
        content_type: the header as sent, "" without one.
        body: decompressed bytes; empty for 304.
        etag, modified: validators to send with the next conditional request.
    """

    url: str
    status: int
    content_type: str
    body: bytes
    etag: str | None = None
    modified: str | None = None


@dataclass(frozen=True)
class Target:
    """A checked address: where to connect, and what to ask for."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _default_port(self.scheme) else f"{host}:{self.port}"


@dataclass(frozen=True)
class Fetcher:
    """Fetches http and https addresses within limits.

    Attributes:
        allowed_origins: host:port of origins that may have a private or loopback address.
        timeout_s: seconds for one fetch in total, redirects included.
        max_bytes: largest body, counted after decompression.
    """

    allowed_origins: frozenset[str]
    timeout_s: float
    max_bytes: int

    def get(self, url: str, etag: str | None = None, modified: str | None = None) -> Fetched:
        """The answer to a (conditional) GET.

        Raises:
            FetchRefusedError: scheme, private address, too many redirects or bytes.
            FetchFailedError: network trouble, deadline, 408, 425, 429 or 5xx; may succeed later.
            UnusableInputError: any other status, e.g. http_404.
        """
        deadline = time.monotonic() + self.timeout_s
        validators = {"If-None-Match": etag, "If-Modified-Since": modified}
        headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "gzip, deflate", "Connection": "close"}
        headers |= {name: value for name, value in validators.items() if value}
        for _ in range(MAX_REDIRECTS + 1):
            target = self.check(url)
            with self._answer(url, target, headers, deadline) as response:
                location = response.getheader("Location")
                if response.status not in REDIRECTS or not location:
                    return self._finish(url, response)
                url = urljoin(url, location)
        raise FetchRefusedError(f"{url} was not reached within {MAX_REDIRECTS} redirects; use the final address.")

    def check(self, url: str) -> Target:
        """The address to connect to for a URL. Raises FetchRefusedError where it must not be fetched."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
            host = host if ":" in host else host.encode("idna").decode("ascii")
        except (ValueError, UnicodeError) as err:
            raise FetchRefusedError(f"{url!r} is not an address: {err}.") from err
        if parts.scheme not in ("http", "https") or not host:
            raise FetchRefusedError(f"{url!r} is not an http or https address.")
        if parts.username is not None or parts.password is not None:
            raise FetchRefusedError(f"{parts.scheme}://{host} was given with a user name or password; use an address without.")
        port = port or _default_port(parts.scheme)
        addresses = _resolve(url, host, port)
        if f"{host}:{port}" not in self._allowed:
            for address in addresses:
                if not is_public(address):
                    raise FetchRefusedError(
                        f"{url} leads to {address}, which is not public; PODREC_FETCH_ALLOW={host}:{port} would allow it."
                    )
        # What urlsplit leaves in the path may hold spaces or letters that a request line cannot.
        path = quote(parts.path or "/", safe="/%:=&~+!$,;'@()*") + (
            "?" + quote(parts.query, safe="/%:=&~+!$,;'@()*?[]|") if parts.query else ""
        )
        return Target(parts.scheme, host, port, path, tuple(addresses))

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset(origin.lower().replace("[", "").replace("]", "") for origin in self.allowed_origins)

    @contextmanager
    def _answer(self, url: str, target: Target, headers: dict[str, str], deadline: float) -> Iterator[http.client.HTTPResponse]:
        """The answer of one hop. A timer closes the socket at the deadline, however slowly the server drips bytes."""
        sock: socket.socket | None = None
        expired: list[bool] = []

        try:
            sock = _connect(target, deadline)
            timer = Timer(max(deadline - time.monotonic(), 0.001), _expire, (sock, expired))
            timer.daemon = True
            timer.start()
            try:
                if isinstance(sock, ssl.SSLSocket):
                    sock.do_handshake()
                connection = http.client.HTTPConnection(target.host, target.port)
                connection.sock = sock
                connection.request("GET", target.path, headers={"Host": target.host_header, **headers})
                yield connection.getresponse()
                if expired:
                    raise TimeoutError
            finally:
                timer.cancel()
        # A certificate error is an OSError and a ValueError, so the order matters.
        except (OSError, http.client.HTTPException, DecodeError) as err:
            why = f"it took longer than {self.timeout_s:g} s" if expired or isinstance(err, TimeoutError) else _words(err)
            raise FetchFailedError(f"{url} could not be fetched: {why}; try again later.") from err
        except ValueError as err:
            raise FetchRefusedError(f"{url} cannot be asked for: {err}.") from err
        finally:
            if sock is not None:
                sock.close()

    def _finish(self, url: str, response: http.client.HTTPResponse) -> Fetched:
        """The whole answer of the last hop."""
        status = response.status
        if status in PASSING or status >= 500:
            raise FetchFailedError(f"{url} answered {status}; try again later.")
        if not (200 <= status < 300 or status == 304):
            raise UnusableInputError(f"http_{status}", f"{url} answered {status} {response.reason}.")
        body = b"" if status == 304 else self._body(url, response)
        header = response.getheader
        return Fetched(url, status, header("Content-Type") or "", body, header("ETag"), header("Last-Modified"))

    def _body(self, url: str, response: http.client.HTTPResponse) -> bytes:
        """The decompressed body; refused as soon as it passes the limit, so a small bomb costs little."""
        too_large = FetchRefusedError(f"{url} holds more than {self.max_bytes} bytes; PODREC_FEED_MAX_BYTES sets the limit.")
        if (response.length or 0) > self.max_bytes:
            raise too_large
        encoding = (response.getheader("Content-Encoding") or "identity").strip().lower()
        decoder, body = decoder_of(encoding, url), bytearray()
        while raw := response.read1(READ_BYTES):
            for part in decoder.parts(raw):
                body += part
                if len(body) > self.max_bytes:
                    raise too_large
        if response.length or not decoder.is_whole:
            raise http.client.IncompleteRead(bytes(body), response.length)
        return bytes(body)


def is_public(address: str) -> bool:
    """Whether an IP address is global, as is the IPv4 address that it may carry inside (mapped, 6to4, Teredo, NAT64)."""
    ip: Address = ip_address(address.partition("%")[0])
    checked: list[Address] = [ip]
    if isinstance(ip, IPv6Address):
        checked = [ip.ipv4_mapped or ip, *filter(None, (ip.sixtofour, *(ip.teredo or ())))]
        if ip in NAT64:
            checked.append(IPv4Address(int(ip) & 0xFFFFFFFF))
    return all(part.is_global and not part.is_multicast for part in checked)


def _resolve(url: str, host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as err:
        raise FetchFailedError(f"{url} could not be fetched: the name {host} is not known; check the address.") from err
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _connect(target: Target, deadline: float) -> socket.socket:
    """A socket to the first checked address that answers; TLS names and verifies the host, not the address."""
    failure: OSError = OSError("no address")
    for address in target.addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        try:
            sock = socket.create_connection((address, target.port), timeout=left)
        except OSError as err:
            failure = err
            continue
        if target.scheme == "http":
            return sock
        return ssl.create_default_context().wrap_socket(sock, server_hostname=target.host, do_handshake_on_connect=False)
    raise failure


def _expire(sock: socket.socket, expired: list[bool]) -> None:
    expired.append(True)
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _words(err: Exception) -> str:
    return getattr(err, "strerror", None) or str(err) or type(err).__name__
