"""The version of the code that results rest on, by which manifests say what made a list."""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
RESULT_CODE = (
    "day_windows.py",
    "formatting.py",
    "settings/windows.py",
    "schemas/event_kinds.py",
    "schemas/listening.py",
    "listening/daily_score.py",
    "content/similarity",
    "content/words.py",
    "recommend/interactions.py",
    "recommend/als",
    "recommend/ranking",
    "recommend/evaluation/metrics.py",
    "recommend/evaluation/online.py",
    "recommend/evaluation/position_bias.py",
    "pipelines/compute_engine.py",
    "pipelines/content/embedding_inputs.py",
    "pipelines/recommend/interaction_history.py",
)
"""Files and folders with the code between tables and lists; a test follows the imports."""


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
