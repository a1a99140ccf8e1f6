"""A short hash of a model folder, part of an engine's version."""

import hashlib
from pathlib import Path

HEAD_BYTES = 65_536


def fingerprint(folder: Path) -> str:
    """Returns 8 hex digits that change with any file's name, size or first HEAD_BYTES.

    Models of gigabytes are not read whole. Files whose names start with a dot do not count.
    """
    digest = hashlib.sha256()
    for file in sorted(f for f in folder.rglob("[!.]*") if f.is_file()):
        with file.open("rb") as content:
            digest.update(
                f"{file.relative_to(folder)}\0{file.stat().st_size}\0".encode()
                + content.read(HEAD_BYTES)
            )
    return digest.hexdigest()[:8]
