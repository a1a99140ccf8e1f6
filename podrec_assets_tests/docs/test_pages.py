"""The pages are checked against the code: what they name exists, and they stay readable.

Links, anchors, commands, options, settings and file paths must exist. The README stays short,
sentences stay short, and every page of `docs/` can be reached from its index.
"""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from podrec_assets.cli.main import app
from podrec_assets.schemas import EVENT_KINDS
from podrec_assets.settings import Settings

TOP = Path(__file__).resolve().parents[2]
DOCS = TOP / "docs"
CHANGELOG = TOP / "CHANGELOG.md"
PAGES = [
    TOP / "README.md",
    TOP / "CONTRIBUTING.md",
    TOP / "SECURITY.md",
    TOP / "docker" / "README.md",
    *sorted(DOCS.rglob("*.md")),
]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"\bpodrec (?!assets)([a-z][a-z-]*)((?: [^`|\n#]*)?)")
SETTING = re.compile(r"\bPODREC_[A-Z0-9_]*[A-Z0-9]")
CODE_BLOCK = re.compile(r"^ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INDENTED_CODE = re.compile(r"^(?: {4}|\t)(\S.*)$", re.MULTILINE)
CODE_SPAN = re.compile(r"`([^`\n]+)`")
SOURCE_PATH = re.compile(r"(?:[\w*-]+/)+[\w*.-]+\.(?:py|md|toml|yaml|txt|sha256)|test_\w+\.py")
SENTENCE_END = re.compile(r"[.!?][)\"”*_]*\s+(?=[\"“(*_]*(?:[A-Z`]|podrec))")

SETTINGS_OF_THE_IMAGES = {"PODREC_SECRETS_DIR"}
"""Read by the start script of the container images, not by `Settings`."""
README_WORDS = 900
SENTENCE_WORDS = 35


def _name(page: Path) -> str:
    return str(page.relative_to(TOP))


every_page = pytest.mark.parametrize("page", PAGES, ids=_name)
every_page_and_changelog = pytest.mark.parametrize("page", [*PAGES, CHANGELOG], ids=_name)
every_adr = pytest.mark.parametrize("page", sorted(DOCS.glob("adr/0*.md")), ids=_name)


@cache
def anchors(page: Path) -> set[str]:
    """Returns the anchors of a page's headings, as GitHub derives them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@cache
def commands() -> dict[str, Any]:
    """Returns the CLI's commands by name; groups have a `commands` attribute of their own."""
    return typer.main.get_command(app).commands  # type: ignore[attr-defined]


def code(page: Path) -> list[str]:
    """Returns the code on a page: fenced blocks, indented lines and inline spans."""
    text = page.read_text(encoding="utf-8")
    prose = CODE_BLOCK.sub("", text)
    return [*CODE_BLOCK.findall(text), *INDENTED_CODE.findall(text), *CODE_SPAN.findall(prose)]


def sentences(page: Path) -> list[str]:
    """Returns the sentences of a page, without code, tables, headings, images and link targets.

    An inline code span counts as one word.
    """
    text = CODE_BLOCK.sub("\n", page.read_text(encoding="utf-8"))
    text = re.sub(r"^\s*(?:\||#|<|!\[).*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"(?<=\n\n)(?: {4}|\t)(?! *(?:-|\d+\.) ).*$", "", text, flags=re.MULTILINE)
    text = CODE_SPAN.sub("`code`", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^\s*(?:-|\d+\.) ", "\n\n", text, flags=re.MULTILINE)
    paragraphs = [" ".join(p.split()) for p in re.split(r"\n\s*\n", text)]
    return [s for p in paragraphs for s in SENTENCE_END.split(p) if s]


def linked_pages(page: Path) -> set[Path]:
    """Returns the local files that a page links to or shows."""
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    local = {t.partition("#")[0] for t in targets if "://" not in t}
    return {(page.parent / target).resolve() for target in local if target}


@every_page_and_changelog
def test_every_relative_link_leads_to_a_file_and_its_heading(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), f"{target}; there are {sorted(anchors(linked))}"


@every_page
def test_every_command_and_option_named_on_a_page_exists(page: Path) -> None:
    for snippet in code(page):
        for name, text in COMMAND.findall(snippet):
            assert name in commands(), f"podrec {name} in {snippet!r}"
            command, rest = commands()[name], text.split(" && ")[0]
            inner = [c for n, c in getattr(command, "commands", {}).items() if n in rest.split()]
            known = {option for c in (command, *inner) for p in c.params for option in p.opts}
            for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", rest):
                assert option in known | {"--help"}, f"podrec {name} {option}"


@every_page
def test_every_make_target_named_on_a_page_exists(page: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text("utf-8"), re.MULTILINE)
    for snippet in code(page):
        for target in re.findall(r"(?:^|\$ )make ([a-z-]+)", snippet, re.MULTILINE):
            assert target in targets


@every_page
def test_every_setting_named_on_a_page_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    fields = {f"PODREC_{name.upper()}" for name in Settings.model_fields}
    for name in set(SETTING.findall(text)) - SETTINGS_OF_THE_IMAGES:
        # PODREC_KAFKA_... stands for a family.
        assert name in fields or any(
            f.startswith(name + "_") and f"{name}_..." in text for f in fields
        ), name


@every_page
def test_every_source_file_named_on_a_page_exists(page: Path) -> None:
    """Paths may start at the top, in `podrec_assets`, in the tests, or next to the page."""
    rooms = [TOP, TOP / "podrec_assets", TOP / "podrec_assets_tests", page.parent]
    for span in CODE_SPAN.findall(CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))):
        if not SOURCE_PATH.fullmatch(span):
            continue
        pattern = span if "/" in span else f"**/{span}"
        assert any(next(room.glob(pattern), None) for room in rooms), span


@every_page_and_changelog
def test_no_sentence_is_too_long_to_read_once(page: Path) -> None:
    too_long = [s for s in sentences(page) if len(s.split()) > SENTENCE_WORDS]
    assert not too_long, "\n".join(too_long)


def test_the_readme_is_short() -> None:
    words = (TOP / "README.md").read_text(encoding="utf-8").split()
    assert len(words) < README_WORDS


def test_every_file_of_the_docs_can_be_reached_from_the_index() -> None:
    reached: set[Path] = set()
    waiting = {DOCS / "README.md"}
    while waiting:
        page = waiting.pop()
        reached.add(page)
        if page.suffix == ".md" and page.is_relative_to(DOCS):
            waiting |= {p for p in linked_pages(page) if p.is_file()} - reached
    unreachable = {p for p in DOCS.rglob("*") if p.is_file()} - reached
    assert not unreachable


@every_adr
def test_every_adr_has_the_same_form(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    number = page.name[:4]
    head = rf"# {number}\. \S.*\n\n- Status: (?:.+\n)+?- Date: \d{{4}}-\d\d-\d\d"
    assert re.match(head, text)
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "Alternatives"]


def test_adrs_are_numbered_without_gaps() -> None:
    numbers = [int(p.name[:4]) for p in sorted(DOCS.glob("adr/0*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two three.\n", ["One", "Two three."]),
        ("# A heading\n\n- An item.\n- Another\n  one.\n", ["An item.", "Another one."]),
        ("Run `podrec up --json` [now](a.md#b).\n", ["Run `code` now."]),
        ("| a | table |\n\n```console\n$ code. Here.\n```\n\nText.\n", ["Text."]),
    ],
)
def test_sentences_leave_out_code_tables_and_headings(
    text: str, expected: list[str], tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    assert sentences(page) == expected


def test_the_events_page_names_every_kind_and_reason_of_refusal() -> None:
    text = (DOCS / "reference" / "events.md").read_text(encoding="utf-8")
    parser = (TOP / "podrec_assets/listening/event_message.py").read_text(encoding="utf-8")
    reasons = re.findall(r"Refusal\(\s*\"(\w+)\"", parser)
    assert reasons
    for name in (*EVENT_KINDS, *reasons):
        assert f"`{name}`" in text, name


FOREIGN_MESSAGES = {"Java heap space", "database or disk is full", "No space left on device"}
"""Messages of the JVM, SQLite and the operating system."""
PLACEHOLDER = re.compile(r"\.\.\.|: |\b[A-Z]+\b(?::PORT)?|\b\d+\b|\b(?:kafka|mongo)\b")


@cache
def strings_in_code() -> list[str]:
    """Returns every string in the package's code; f-strings give their literal parts."""
    return [
        " ".join(node.value.split())
        for file in (TOP / "podrec_assets").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def quoted_messages(page: Path) -> list[str]:
    """Returns the messages in the first column of a page's tables: code of three words or more."""
    first_column = re.findall(r"^\|([^|]*)\|", page.read_text(encoding="utf-8"), re.MULTILINE)
    spans = [span for cell in first_column for span in CODE_SPAN.findall(cell)]
    return [s for s in spans if len(s.split()) > 2 and not s.startswith("podrec ")]


@pytest.mark.parametrize("message", quoted_messages(DOCS / "runbook.md"))
def test_the_runbook_quotes_messages_as_the_code_has_them(message: str) -> None:
    if message in FOREIGN_MESSAGES:
        return
    for part in PLACEHOLDER.split(message):
        fragment = part.strip(" :;(),")
        if len(fragment.split()) > 1:
            assert any(fragment in text for text in strings_in_code()), fragment
