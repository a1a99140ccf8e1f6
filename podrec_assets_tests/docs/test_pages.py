"""What the pages name exists: files behind links, headings behind anchors, commands and their
options, settings.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from podrec_assets.cli.main import app
from podrec_assets.settings import Settings

TOP = Path(__file__).resolve().parents[2]
PAGES = [
    TOP / "README.md",
    TOP / "SECURITY.md",
    TOP / "docker" / "README.md",
    *sorted((TOP / "docs").rglob("*.md")),
]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"\bpodrec (?!assets)([a-z][a-z-]*)((?: [^`|\n#]*)?)")
SETTING = re.compile(r"\bPODREC_[A-Z0-9_]*[A-Z0-9]")
OF_SCRIPTS = {"PODREC_SECRETS_DIR"}
"""Read by the images' start, not by settings."""
every_page = pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(TOP)) for p in PAGES])


@cache
def anchors(page: Path) -> set[str]:
    """Headings of a page as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@cache
def commands() -> dict[str, Any]:
    """Commands by name; those with commands of their own have `commands` too."""
    return typer.main.get_command(app).commands  # type: ignore[attr-defined]


def spoken(page: Path) -> list[str]:
    """What stands in code on a page: spans between backticks, and blocks."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^(?: {4}|\t)(\S.*)$", text, re.MULTILINE)
    rest = re.sub(r"^```\w*\n.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [*blocks, *indented, *re.findall(r"`([^`\n]+)`", rest)]


@every_page
def test_every_relative_link_leads_to_a_file_and_its_heading(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found), f"{target}; there are {sorted(anchors(found))}"


@every_page
def test_every_command_and_option_that_is_named_exists(page: Path) -> None:
    for code in spoken(page):
        for name, rest in COMMAND.findall(code):
            assert name in commands(), f"podrec {name} in {code!r}"
            command, rest = commands()[name], rest.split(" && ")[0]
            inner = [c for n, c in getattr(command, "commands", {}).items() if n in rest.split()]
            known = {option for c in (command, *inner) for p in c.params for option in p.opts}
            for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", rest):
                assert option in known | {"--help"}, f"podrec {name} {option}"


@every_page
def test_every_setting_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    fields = {f"PODREC_{name.upper()}" for name in Settings.model_fields}
    for name in set(SETTING.findall(text)) - OF_SCRIPTS:
        # PODREC_KAFKA_... stands for a family.
        assert name in fields or any(
            f.startswith(name + "_") and f"{name}_..." in text for f in fields
        ), name


def test_the_index_names_every_page_of_the_docs() -> None:
    linked = {
        (TOP / "docs" / target.partition("#")[0]).resolve()
        for target in LINK.findall((TOP / "docs" / "README.md").read_text())
    }
    pages = {
        p for p in (TOP / "docs").rglob("*.md") if p.parent.name != "adr" and p.name != "README.md"
    }
    assert not pages - linked
