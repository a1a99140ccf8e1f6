"""Untrusted text reaches the terminal as visible text: it styles and forges nothing."""

import ast
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from podrec_assets.cli import (
    console,
    dead_letters,
    doctor,
    episodes,
    ingest,
    models,
    rebuild,
    recommend,
    run,
    search,
    similar,
    sources,
    status,
    trace,
    up,
    withdraw,
)
from podrec_assets.errors import PodrecError

MARKUP = "[bold]x[/] Rock [/b] [/x] Roll :heart: [link=x]y \\"
CONTROLS = {
    "osc 52": "\x1b]52;c;cm0gLXJm\x07",
    "erase": "\x1b[2J\x1b[1;1H",
    "c1": "\x9b31m\x90q\x9c",
    "forged line": "x\nerror: all is lost\r\x0bok",
    "bidi": "\u202egpj.exe\u202c \u2066x\u2069",
    "separators": "a\u2028b\u2029c",
    "half an emoji": "\ud83d",
    "delete": "\x00\x08\x7f",
}
HOSTILE = MARKUP + "".join(CONTROLS.values())
SHOWN = (
    MARKUP
    + r"\x1b]52;c;cm0gLXJm\x07\x1b[2J\x1b[1;1H\x9b31m\x90q\x9cx\nerror: all is lost\r\x0bok"
    + r"\u202egpj.exe\u202c \u2066x\u2069a\u2028b\u2029c\ud83d\x00\x08\x7f"
)


def documents(text: str) -> dict[str, tuple[Callable[[Any], None], Any, int]]:
    """By command: what prints, a document whose texts are all `text`, and how often it is shown."""
    item = {
        "rank": 1,
        "title": text,
        "show": text,
        "show_title": text,
        "score": 1.0,
        "reason": text,
        "episode_id": text,
    }
    source = {
        "status": "failing",
        "show_title": text,
        "feed_url": text,
        "moved_to": text,
        "last_error": text,
        "failure_count": 2,
        "episode_count": 1,
        "announced_count": 1,
        "next_poll_at": None,
        "last_success_at": None,
    }
    feed = {
        "feed_url": text,
        "show_title": text,
        "error": None,
        "is_unchanged": True,
        "episode_count": 0,
        "produced_count": 0,
    }
    event = {
        "topic": "t",
        "partition": 0,
        "offset": 1,
        "kind": "play",
        "weight": 1.0,
        "occurred_at": "2026-11-01T00:00:00",
        "event_id": text,
    }
    daily = {
        "day": "2026-11-01",
        "episode_id": text,
        "score": 1.0,
        "play_count": 1,
        "like_count": 0,
        "adds_up": True,
    }
    traced = {
        "item": item | {"als": 1.0, "cosine": 1.0, "sources": [text]},
        "user_id": text,
        "withdrawal": {"says": text},
        "runs": [{"collection": "lists", "version": text, "run_id": text}],
        "inputs": {text: {"delta_version": 1, "days": ("a", "b")}},
        "events": [event],
        "publication": {"gate": None, "day": "2026-11-01", "move_count": 1},
        "evidence": {"is_as_made": True, "daily_rows": [daily]},
    }
    letter = {
        "day": date(2026, 11, 1),
        "stage": "user_events",
        "source_key": text,
        "detail": text,
        "payload": text[:200],
    }
    passage = {
        "start_s": None,
        "show": text,
        "title": text,
        "episode_id": text,
        "quote": text,
    }
    episode = {
        "episode_id": text,
        "title": text,
        "show_title": text,
        "published_at": None,
        "withdrawal": {"says": text},
    }
    withdrawn = {"target_id": text, "title": text, "says": text}
    service = {"up": False, "address": text, "embedded": False, "problem": text}
    return {
        "sources": (sources.print_sources, {"sources": [source]}, 4),
        "changes": (sources.print_changes, {"added": [text]}, 1),
        "ingest": (
            ingest._print_ingest,
            {"feeds": [feed, feed | {"error": text}], "produced_count": 0, "backdated": False},
            3,
        ),
        "recommend": (
            recommend.print_recommendations,
            {"known": True, "user_id": text, "day": "2026-11-01", "items": [item]},
            4,
        ),
        "similar": (
            similar.print_neighbours,
            {
                "title": text,
                "episode_id": text,
                "items": [item | {"cosine": 1.0, "here_s": None, "there_s": 1.0}],
            },
            4,
        ),
        "trace": (trace.print_trace, traced, 11),
        "episodes": (
            episodes._print_episodes,
            {"known_count": 1, "found_count": 1, "episodes": [episode]},
            4,
        ),
        "withdraw": (withdraw._print_listing, {"withdrawn": [withdrawn]}, 3),
        "dead-letters": (
            dead_letters._print_reasons,
            {"reasons": [{"letters": 1, "reason": text, "stage": text, "latest_day": "x"}]},
            2,
        ),
        "dead-letters --reason": (dead_letters._print_letters, {"letters": [letter]}, 3),
        "search": (search._print_passages, {"passages": [passage]}, 4),
        "run": (
            run.print_run,
            {"run_id": "r", "success": False, "seconds": 1, "assets": [text], "errors": [text]},
            2,
        ),
        "rebuild": (
            lambda d: rebuild._print_rebuilt(d, text),
            {"delta_versions": {}, "models": {}, "collection": "c", "version": text},
            2,
        ),
        "doctor": (
            doctor.print_findings,
            {"findings": [{"ok": False, "what": text, "detail": text, "remedy": text}]},
            3,
        ),
        "status": (
            lambda rows: status._print_grid("table", ("rows",), rows),
            {text: {"rows": text}},
            2,
        ),
        "up": (up.print_services, {"services": {"mongo": service}}, 2),
        "models": (
            models._print_models,
            {
                "chosen": text,
                "models": [
                    {
                        "byte_count": 1,
                        "engine": text,
                        "name": text,
                        "folder": text,
                        "source": text,
                        "licence": text,
                    }
                ],
                "packaged": [],
            },
            6,
        ),
        "progress": (console.say, text, 1),
    }


@pytest.mark.parametrize("name", documents(""))
@pytest.mark.parametrize(
    ("text", "shown"), [(HOSTILE, SHOWN), (MARKUP, MARKUP)], ids=["controls", "markup"]
)
def test_a_hostile_text_is_shown_whole_and_harmless(
    name: str,
    text: str,
    shown: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(console.out, "_width", 2000)  # tables wrap their cells
    show, document, count = documents(text)[name]
    show(document)
    captured = capsys.readouterr()
    printed = captured.out + captured.err
    assert printed.count(shown) == count
    assert all(c == "\n" or c.isprintable() for c in printed)


@pytest.mark.parametrize("error", [PodrecError, ValueError])
@pytest.mark.parametrize("debug", [False, True])
def test_an_error_with_hostile_text_is_one_harmless_line(
    error: type[Exception], debug: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    text = HOSTILE.replace("\n", "").replace("\r", "").replace("\x0b", "").replace("\u2028", "")
    text = text.replace("\u2029", "")

    def fails() -> None:
        raise error(text)

    assert console.guard(fails, debug=debug) == 1
    printed = capsys.readouterr().err
    assert MARKUP in printed.splitlines()[-1]
    assert printed.count("\n") == 1 or debug
    assert all(c == "\n" or c.isprintable() for c in printed)


def test_json_reads_back_the_same_and_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    console.emit({"title": HOSTILE, "name": "Ünï 名前"}, True, print)
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"title": HOSTILE, "name": "Ünï 名前"}
    assert "Ünï 名前" in printed
    assert all(c == "\n" or c.isprintable() for c in printed)


def printing_calls() -> Iterator[tuple[str, str]]:
    for file in sorted(Path(console.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                yield file.name, ast.unparse(node.func)


def test_every_command_prints_through_the_console() -> None:
    """Other ways out would need a rule of their own."""
    others = {
        (file, called)
        for file, called in printing_calls()
        if called in ("print", "typer.echo", "typer.secho", "click.echo", "sys.stdout.write")
        or called.endswith(("from_markup", "sys.stderr.write"))
    }
    # JSON by `visible_json`, and the page that `podrec graph` writes.
    assert others == {(f, "sys.stdout.write") for f in ("console.py", "export.py", "graph.py")}
