"""Who may be served: everybody on this machine, others by a token only."""

import secrets

from podrec_assets.errors import SettingsError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def check_exposure(host: str, token: str, setting: str) -> None:
    """Raises SettingsError for an address that others can reach while the setting of the token is
    empty.
    """
    if not token and host not in LOOPBACK:
        raise SettingsError(
            f"{host or 'every address'} can be reached by others: set {setting}, or listen on {LOOPBACK[0]}."
        )


def is_token(given: str, token: str) -> bool:
    """Whether a token is the right one; how long that takes tells nothing of it."""
    return secrets.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode())
