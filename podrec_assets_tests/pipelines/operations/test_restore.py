"""Any manifest but one of podrec is refused in one sentence, and nothing is left behind."""

import hashlib
import json
from pathlib import Path

import pytest

from podrec_assets.errors import PermanentError
from podrec_assets.pipelines.operations.backup import CONTENT, FORMAT, MANIFEST
from podrec_assets.pipelines.operations.restore import restore
from podrec_assets.settings import Settings

ROWS = b"rows"
ENTRY = {"bytes": len(ROWS), "sha256": hashlib.sha256(ROWS).hexdigest()}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A backup of one file, without its manifest."""
    file = tmp_path / "backup" / CONTENT / "rows"
    file.parent.mkdir(parents=True)
    file.write_bytes(ROWS)
    return tmp_path / "backup"


def manifest(files: object) -> str:
    fields = {"format": FORMAT, "podrec": "1", "made_at": "", "home": "/x", "outside": []}
    return json.dumps({**fields, "files": files})


def test_a_backup_with_a_manifest_is_restored(source: Path, settings: Settings) -> None:
    (source / MANIFEST).write_text(manifest({"rows": ENTRY}))
    restore(settings, source, print)
    assert (settings.home / "rows").read_bytes() == ROWS


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no readable manifest"),
        ("[]", "no readable manifest"),
        ("[" * 5000 + "]" * 5000, "no readable manifest"),
        (manifest(None), "no readable manifest"),
        (manifest(["rows"]), "no readable manifest"),
        (manifest({"rows": None}), "no readable manifest"),
        (manifest({"rows": {"sha256": ENTRY["sha256"]}}), "no readable manifest"),
        (manifest({"rows": ENTRY | {"bytes": "4"}}), "no readable manifest"),
        (manifest({"rows": {"bytes": 4}}), "no readable manifest"),
        (manifest({"../rows": ENTRY}), "contains ../rows"),
        (manifest({"/rows": ENTRY}), "contains /rows"),
        (manifest({".restoring/whole/rows": ENTRY}), "contains .restoring/whole/rows"),
        (manifest({"other": ENTRY}), "lacks .*other"),
    ],
)
def test_any_other_manifest_is_refused_and_leaves_nothing(
    source: Path, settings: Settings, text: str, problem: str
) -> None:
    (source / MANIFEST).write_text(text)
    before = sorted(settings.home.parent.rglob("*"))
    with pytest.raises(PermanentError, match=problem):
        restore(settings, source, print)
    assert sorted(settings.home.parent.rglob("*")) == before
