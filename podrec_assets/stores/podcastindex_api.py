"""The PodcastIndex API: signed requests, at most one a second, with retries."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from pydantic import SecretStr

from podrec_assets.errors import FetchFailedError, SettingsError, UnusableInputError
from podrec_assets.stores.http.client import Fetcher

GAP_S = 1.0
"""Seconds between two requests."""
TRIES = 5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0


@dataclass
class PodcastIndex:
    """Access to the API with one account.

    Attributes:
        fetcher: HTTP client with its checks.
        url: address of the API, without a trailing slash.
        key: API key of the account.
        secret: API secret of the account.
        clock: returns seconds since the epoch.
        sleep: waits for seconds.
    """

    fetcher: Fetcher
    url: str
    key: SecretStr
    secret: SecretStr
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    _requested_at: float = field(default=0.0, init=False)

    def get(self, path: str, parameters: Mapping[str, str]) -> bytes:
        """Returns the body of a response.

        Raises:
            SettingsError: key or secret are not set, or were refused.
            FetchFailedError: the API stayed busy or down over all attempts.
            UnusableInputError: any other status, e.g. http_400.
        """
        if not (self.key.get_secret_value() and self.secret.get_secret_value()):
            raise SettingsError(
                "PodcastIndex needs PODREC_PODCASTINDEX_KEY and PODREC_PODCASTINDEX_SECRET; "
                "get them at api.podcastindex.org."
            )
        for attempt in range(TRIES):
            self.sleep(max(self._requested_at + GAP_S - self.clock(), 0))
            self._requested_at = self.clock()
            try:
                url = f"{self.url}{path}?{urlencode(parameters)}"
                return self.fetcher.get(url, headers=self._signature()).body
            except UnusableInputError as err:
                if err.reason in ("http_401", "http_403"):
                    raise SettingsError(
                        "PodcastIndex refused the key and secret: check PODREC_PODCASTINDEX_KEY "
                        "and PODREC_PODCASTINDEX_SECRET."
                    ) from err
                raise
            except FetchFailedError as err:
                pause_s = err.retry_after_s
                if pause_s is None:
                    pause_s = FIRST_PAUSE_S * 2**attempt
                if attempt + 1 == TRIES or pause_s > LONGEST_PAUSE_S:
                    raise
                self.sleep(pause_s)
        raise AssertionError("unreachable")

    def _signature(self) -> dict[str, str]:
        now, key = str(int(self.clock())), self.key.get_secret_value()
        digest = hashlib.sha1(
            f"{key}{self.secret.get_secret_value()}{now}".encode(), usedforsecurity=False
        ).hexdigest()
        return {"X-Auth-Key": key, "X-Auth-Date": now, "Authorization": digest}
