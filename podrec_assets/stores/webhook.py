"""Posts a JSON document to the address that the operator set; redirects are not followed."""

import json
import ssl
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from podrec_assets.errors import (
    FetchFailedError,
    FetchRefusedError,
    RetryableError,
    UnusableInputError,
)
from podrec_assets.stores.http.ssrf_guard import checked_target, connect

TIMEOUT_S = 10


def post_json(url: str, document: dict) -> None:
    """Posts the document.

    Raises:
        RetryableError: the document was not accepted. The message names the host only, because the
            path may be a secret.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        # The operator chose this origin, so it alone may be private.
        target = checked_target(url, frozenset({f"{parts.hostname}:{port}"}))
        sock = connect(target, time.monotonic() + TIMEOUT_S)
        try:
            sock.settimeout(TIMEOUT_S)
            if isinstance(sock, ssl.SSLSocket):
                sock.do_handshake()
            connection = HTTPConnection(target.host, target.port)
            connection.sock = sock
            headers = {"Host": target.host_header, "Content-Type": "application/json"}
            connection.request("POST", target.path, json.dumps(document).encode(), headers)
            status = connection.getresponse().status
        finally:
            with suppress(OSError):
                sock.close()
    except (OSError, HTTPException, FetchFailedError, FetchRefusedError, UnusableInputError) as err:
        raise RetryableError(
            f"The webhook at {parts.hostname} could not be reached: {type(err).__name__}."
        ) from None
    if not 200 <= status < 300:
        raise RetryableError(f"The webhook at {parts.hostname} answered {status}.")
