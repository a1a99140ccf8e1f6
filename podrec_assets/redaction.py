"""Removes secrets from addresses before they are shown: in output, errors, logs and metadata. Pure.

User names, passwords, queries and fragments are removed, and the path of a web address, because a
webhook's path is its secret.
"""

import re

HIDDEN = "***"
WITH_PATHS = ("file", "s3", "s3a", "gs", "abfss")
"""Schemes of the lake, whose path says where a table is."""
# A name with a `:` that no port follows: a password, which may contain anything up to its `@`.
_NO_PORT = r"[^\s/?#:@'\"<>]{0,200}:(?!\d{1,5}(?:[/?#,\s'\"<>]|$))"
_IN_TEXT = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.-]{{0,20}}://(?:{_NO_PORT}[^\n@]{{0,200}}@)?[^\s'\"<>]+"
)
_CREDENTIALS = re.compile(rf"(?<=://)(?:{_NO_PORT}[^\s'\"<>@]{{0,200}}@)?(?:[^/?#\s'\"<>]*@)?")
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::\d+)?"
_HOSTS = re.compile(rf"{_HOST}(?:,{_HOST})*")


def redacted(address: str) -> str:
    """Returns an address without secrets: scheme and hosts, and for a lake the path.

    A password may contain any character, escaped or not. So what is left of the last `@` is never
    shown, and no host either where it cannot be told from a password: with an `@` after a `?`, or
    a port that is no number.
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        scheme, rest = "", address
    place, _, query = rest.partition("?")
    host, *path = re.split(r"([/#].*)", place.rpartition("@")[2], maxsplit=1)
    has_path = scheme.lower() in WITH_PATHS
    if "@" in query or not (_HOSTS.fullmatch(host) or (has_path and not host)):
        return f"{scheme}{separator}{HIDDEN}"
    shown = path[0].partition("#")[0] if path and has_path else ""
    return f"{scheme}{separator}{host}{shown}"


def redacted_text(text: str) -> str:
    """Returns a text, such as a driver's error, with every address in it redacted."""
    return _IN_TEXT.sub(lambda found: redacted(found[0]), text)


def without_credentials(text: str) -> str:
    """Returns an address, or a text with addresses, without user names and passwords.

    Unlike `redacted`, it keeps the rest, so that the address can be fetched.
    """
    return _CREDENTIALS.sub("", text)
