"""Marks and value types that the settings of all subjects share."""

from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import AfterValidator
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

MARKS = {
    "results": "other rows, models or lists from the same inputs; recorded in every manifest",
    "limits": "what is refused, delayed or deleted, and when",
    "speed": "how fast, and with how much memory, the same results are computed",
    "place": "where data and services are",
    "access": "credentials, encryption, and what may be reached",
}
"""What changing a setting affects: the marks of fields, with their meanings."""
RESULTS: JsonDict = {"changes": "results"}
LIMITS: JsonDict = {"changes": "limits"}
SPEED: JsonDict = {"changes": "speed"}
PLACE: JsonDict = {"changes": "place"}
ACCESS: JsonDict = {"changes": "access"}


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _host_ports(text: str) -> str:
    if "@" in text:
        raise ValueError("it has a user or password, which have settings of their own")
    for part in filter(None, (p.strip() for p in text.split(","))):
        host, _, port = part.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"{part!r} is not host:port")
    return text


Folder: TypeAlias = Annotated[Path, AfterValidator(_absolute)]
"""A folder, made absolute so that processes with another working directory find it."""
HostPorts: TypeAlias = Annotated[str, AfterValidator(_host_ports)]
"""host:port[,host:port...], or empty."""


def variable(name: str) -> str:
    """Returns the environment variable of a field."""
    return f"PODREC_{name.upper()}"


def mark(field: FieldInfo) -> str:
    """Returns what changing a setting affects: a key of `MARKS`, or "" if the field has no mark."""
    extra = field.json_schema_extra
    return str(extra.get("changes", "")) if isinstance(extra, dict) else ""
