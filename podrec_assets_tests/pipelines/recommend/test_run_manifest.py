"""Which code the version of a list depends on, and which changes leave that version alone."""

import ast
import re
from pathlib import Path

from podrec_assets.pipelines.recommend.run_manifest import (
    PACKAGE,
    RESULT_CODE,
    _statements,
    code_version,
    result_files,
)

MAKERS = [
    PACKAGE / "defs" / "assets" / f"{n}.py" for n in ("content", "listening", "recommendations")
]
NO_RESULTS = {"recommend/evaluation/plots.py"}
"""Imported by the assets for their metadata only."""
PURE = (
    "recommend/",
    "content/similarity/",
    "content/words.py",
    "formatting.py",
    "schemas/listening",
)


def imported_files(path: Path) -> set[Path]:
    """The files of this package that a file imports."""
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    paths = (PACKAGE.parent.joinpath(*n.split(".")).with_suffix(".py") for n in names)
    return {p for p in paths if p.is_relative_to(PACKAGE) and p.is_file()}


def test_all_pure_code_that_the_assets_reach_counts() -> None:
    reached, to_visit = set[Path](), list(MAKERS)
    while to_visit:
        new = imported_files(to_visit.pop()) - reached
        reached |= new
        to_visit += new
    names = {p.relative_to(PACKAGE).as_posix() for p in reached}
    pure = {n for n in names if n.startswith(PURE)}
    counted = {p.relative_to(PACKAGE).as_posix() for p in result_files()}
    assert pure - NO_RESULTS <= counted
    assert "listening/daily_score.py" in names & counted


def test_every_entry_exists() -> None:
    assert [name for name in RESULT_CODE if not (PACKAGE / name).exists()] == []
    assert re.fullmatch(r"[\d.]+\+[0-9a-f]{12}", code_version())


def test_imports_docstrings_comments_and_format_do_not_count() -> None:
    plain = "X = 1\ndef f(a, b):\n    return a + b\n"
    described = (
        '"""Adds."""\nimport os\nfrom a import b\n\nX = 1\n"""One."""\n\n\n'
        'def f(\n    a,\n    b,\n):\n    """Adds."""\n    return a + b  # the sum\n'
    )
    assert _statements(described) == _statements(plain)


def test_statements_count() -> None:
    assert _statements("X = 1\n") != _statements("X = 2\n")
    assert _statements("def f(a): return a + 1\n") != _statements("def f(a): return a - 1\n")
