"""Access control: loopback needs no token, every other address does."""

import secrets

from podrec_assets.errors import SettingsError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


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


def is_token(given: str, token: str) -> bool:
    """Returns whether a token is right; compares in constant time."""
    return secrets.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode())
