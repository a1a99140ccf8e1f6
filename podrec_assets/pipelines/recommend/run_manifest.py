"""Manifests: what a version of lists was made from, so that it can be rebuilt and traced."""

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from podrec_assets.schemas import COLLECTIONS
from podrec_assets.settings import Settings

if TYPE_CHECKING:
    from podrec_assets.stores.delta import Lake
    from podrec_assets.stores.mongo import MongoStore

PACKAGE = Path(__file__).resolve().parents[2]
RESULT_CODE = (
    "day_windows.py",
    "formatting.py",
    "settings/windows.py",
    "schemas/event_kinds.py",
    "schemas/listening.py",
    "listening/daily_score.py",
    "content/similarity",
    "content/withdrawals.py",
    "content/words.py",
    "recommend/interactions.py",
    "recommend/als",
    "recommend/ranking",
    "recommend/evaluation/metrics.py",
    "recommend/evaluation/online.py",
    "recommend/evaluation/position_bias.py",
    "pipelines/compute_engine.py",
    "pipelines/content/embedding_inputs.py",
    "pipelines/content/withdrawals_table.py",
    "pipelines/recommend/interaction_history.py",
    "pipelines/recommend/withdrawn_episodes.py",
)
"""Files and folders with the code between tables and lists; a test follows the imports."""


@dataclass
class InputsRead:
    """Versions of the inputs that this process read last.

    A step reads its inputs just before it writes, so they are its own.

    Attributes:
        tables: Delta version by table.
        models: version by collection, by day.
    """

    tables: dict[str, int] = field(default_factory=dict)
    models: dict[date, dict[str, str]] = field(default_factory=dict)

    def manifest(self, settings: Settings, lake: "Lake", run_id: str, day: date) -> dict:
        """Returns the manifest of a day's version.

        Returns:
            run_id: Dagster run.
            delta_versions: version by table, as read, else the current one.
            models: version by collection, of those read for the day.
            engine: compute engine.
            settings: the settings that change results.
            code: see `code_version`.
        """
        return {
            "run_id": run_id,
            "delta_versions": lake.versions() | self.tables,
            "models": self.models.get(day, {}),
            "engine": settings.engine,
            "settings": settings.results(),
            "code": code_version(),
        }


def versions_in_manifests(mongo: "MongoStore") -> dict[str, dict[int, list[str]]]:
    """Returns, by table and Delta version, the "collection version"s that were made from it."""
    users: dict[str, dict[int, list[str]]] = {}
    for collection in COLLECTIONS:
        for entry in mongo.versions(collection):
            for table, version in entry.manifest.get("delta_versions", {}).items():
                names = users.setdefault(table, {}).setdefault(version, [])
                names.append(f"{collection} {entry.version}")
    return users


@cache
def code_version() -> str:
    """Package version and digest of RESULT_CODE, e.g. "0.1.0+1f2e3d4c5b6a".

    Only the statements count. Moving a file, or changing its imports, docstrings, comments or
    format, leaves the version as it is.
    """
    digest = hashlib.sha256()
    for statements in sorted(_statements(path.read_text()) for path in result_files()):
        digest.update(statements.encode() + b"\0")
    return f"{metadata.version('podrec')}+{digest.hexdigest()[:12]}"


def result_files() -> Iterator[Path]:
    """The Python files of RESULT_CODE."""
    for name in RESULT_CODE:
        path = PACKAGE / name
        yield from path.rglob("*.py") if path.is_dir() else [path]


def _statements(source: str) -> str:
    """The source without imports, docstrings, comments and formatting."""
    return ast.unparse(_OnlyStatements().visit(ast.parse(source)))


class _OnlyStatements(ast.NodeTransformer):
    def visit_Import(self, _node: ast.Import) -> None:
        return None

    def visit_ImportFrom(self, _node: ast.ImportFrom) -> None:
        return None

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else node
