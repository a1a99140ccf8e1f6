"""Where a model came from: a small file that `podrec models pull` writes next to the weights.

Its name starts with a dot, so it is no part of the model's fingerprint.
"""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = ".origin.json"


@dataclass(frozen=True)
class Origin:
    """The source of a model and the licence of its weights; None where unknown."""

    source: str | None = None
    licence: str | None = None


def write_origin(folder: Path, origin: Origin) -> None:
    """Writes the origin of a model into its folder."""
    (folder / FILE).write_text(json.dumps(asdict(origin)))


def read_origin(folder: Path) -> Origin:
    """Returns the origin of a model; an empty one for a folder without it."""
    with suppress(OSError, ValueError, TypeError):
        return Origin(**json.loads((folder / FILE).read_text()))
    return Origin()
