"""Posts a JSON document to the address that the operator set; redirects are not followed."""

import json
import time
from urllib.parse import urlsplit

from podrec_assets.errors import (
    FetchFailedError,
    FetchRefusedError,
    RetryableError,
    UnusableInputError,
)
from podrec_assets.stores.http import request
from podrec_assets.stores.http.ssrf_guard import checked_target

TIMEOUT_S = 10


def post_json(url: str, document: dict) -> None:
    """Posts the document.

    Raises:
        RetryableError: the document was not accepted. The message names the host only, because the
            path may be a secret.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    headers, body = {"Content-Type": "application/json"}, json.dumps(document).encode()
    deadline = time.monotonic() + TIMEOUT_S
    try:
        # The operator chose this origin, so it alone may be private.
        target = checked_target(url, frozenset({f"{parts.hostname}:{port}"}))
        with request.send("POST", url, target, headers, deadline, TIMEOUT_S, body) as response:
            status = response.status
    except (FetchFailedError, FetchRefusedError, UnusableInputError) as err:
        reason = type(err.__cause__ or err).__name__
        raise RetryableError(
            f"The webhook at {parts.hostname} could not be reached: {reason}."
        ) from None
    if not 200 <= status < 300:
        raise RetryableError(f"The webhook at {parts.hostname} answered {status}.")
