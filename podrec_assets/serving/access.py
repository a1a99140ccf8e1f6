"""Access control: loopback needs no token, every other address does."""

import secrets

from podrec_assets.errors import RetryableError, SettingsError
from podrec_assets.serving.token_buckets import TokenBuckets

LOOPBACK = ("127.0.0.1", "localhost", "::1")
GUESSES, S_PER_GUESS = 10, 6.0
"""Wrong tokens that a client may send at once, and the seconds until it may send another."""


class TooManyGuessesError(RetryableError):
    """A client sent too many wrong tokens; `wait_s` says when the next may come."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = int(wait_s) + 1
        super().__init__(f"Too many wrong tokens: try again in {self.wait_s} s.")


def brake() -> TokenBuckets:
    """Returns what counts the wrong tokens of each client of a server."""
    return TokenBuckets(1 / S_PER_GUESS, GUESSES)


def check_exposure(host: str, token: str, setting: str) -> None:
    """Checks that a server which other machines can reach has a token.

    Raises:
        SettingsError: the address is not loopback, and the token is empty.
    """
    if not token and host not in LOOPBACK:
        raise SettingsError(
            f"{host or 'every address'} can be reached by others: "
            f"set {setting}, or listen on {LOOPBACK[0]}."
        )


def admits(given: str, token: str, client: str, guesses: TokenBuckets) -> bool:
    """Returns whether a client's token is right. The API and the dashboard both ask here.

    Args:
        given: what the client sent.
        token: the right one.
        client: its address; clients behind one proxy are one.
        guesses: counts the wrong tokens; see `brake`.

    Raises:
        TooManyGuessesError: the client sent too many wrong ones; not even the right one is read.
    """
    if wait := guesses.wait_s(client, take=False):
        raise TooManyGuessesError(wait)
    if is_token(given, token):
        return True
    guesses.wait_s(client)
    return False


def is_token(given: str, token: str) -> bool:
    """Returns whether a token is right; compares in constant time, whatever the characters."""
    return secrets.compare_digest(*(t.encode("utf-8", "surrogatepass") for t in (given, token)))
