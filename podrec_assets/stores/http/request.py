"""One HTTP request to a checked address, with a deadline for everything."""

import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPResponse
from threading import Timer

from podrec_assets.errors import FetchFailedError, FetchRefusedError
from podrec_assets.stores.http.body import DecodeError
from podrec_assets.stores.http.ssrf_guard import Target, connect


@contextmanager
def send(
    method: str,
    url: str,
    target: Target,
    headers: dict[str, str],
    deadline: float,
    timeout_s: float,
    body: bytes | None = None,
) -> Iterator[HTTPResponse]:
    """Sends one request and opens its response for the `with` block; redirects are not followed.

    A timer shuts the socket down at the deadline, so a server that drips bytes cannot exceed it.

    Args:
        method: GET or POST.
        url: address as text, for messages.
        target: the checked address.
        headers: request headers besides Host.
        deadline: in the time of `time.monotonic`.
        timeout_s: the whole time allowed, for messages.
        body: body of the request.

    Raises:
        FetchFailedError: network error, bad response or deadline; also raised inside the block.
        FetchRefusedError: the address or a header cannot be sent.
    """
    sock: socket.socket | None = None
    expired: list[bool] = []
    try:
        sock = connect(target, deadline)
        timer = Timer(max(deadline - time.monotonic(), 0.001), _expire, (sock, expired))
        timer.daemon = True
        timer.start()
        try:
            if isinstance(sock, ssl.SSLSocket):
                sock.do_handshake()
            connection = http.client.HTTPConnection(target.host, target.port)
            connection.sock = sock
            headers = {"Host": target.host_header, **headers}
            connection.request(method, target.path, body, headers)
            # The response has its own reference to the socket.
            with closing(connection.getresponse()) as response:
                yield response
            if expired:
                raise TimeoutError
        finally:
            timer.cancel()
    # A certificate error is both an OSError and a ValueError, so the order matters.
    except (OSError, http.client.HTTPException, DecodeError) as err:
        is_late = expired or isinstance(err, TimeoutError)
        reason = f"it took longer than {timeout_s:g} s" if is_late else _reason(err)
        raise FetchFailedError(f"{url} could not be fetched: {reason}; try again later.") from err
    except ValueError as err:
        raise FetchRefusedError(f"{url} cannot be requested: {err}.") from err
    finally:
        if sock is not None:
            sock.close()


def _expire(sock: socket.socket, expired: list[bool]) -> None:
    expired.append(True)
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _reason(err: Exception) -> str:
    return getattr(err, "strerror", None) or str(err) or type(err).__name__
