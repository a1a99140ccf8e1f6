"""Untrusted text reaches the terminal unchanged: it styles nothing and breaks no command."""

from collections.abc import Callable
from typing import Any

import pytest

from podrec_assets.cli import console, doctor, ingest, recommend, run, similar, sources, trace
from podrec_assets.errors import PodrecError

TITLE = "[bold]x[/] Rock [/b] Roll :heart: \\"
ITEM = {
    "rank": 1,
    "title": TITLE,
    "show": TITLE,
    "show_title": TITLE,
    "score": 1.0,
    "reason": TITLE,
    "episode_id": "e1",
}
SOURCE = {
    "status": "failing",
    "show_title": TITLE,
    "feed_url": TITLE,
    "moved_to": TITLE,
    "last_error": TITLE,
    "failure_count": 2,
    "episode_count": 1,
    "announced_count": 1,
    "next_poll_at": None,
    "last_success_at": None,
}
FEED = {
    "feed_url": TITLE,
    "show_title": TITLE,
    "error": None,
    "is_unchanged": True,
    "episode_count": 0,
    "produced_count": 0,
}
TRACE = {
    "item": ITEM | {"als": 1.0, "cosine": 1.0, "sources": ["als"]},
    "user_id": TITLE,
    "runs": [],
    "inputs": {},
    "events": [],
    "publication": {"gate": None, "day": "2026-11-01", "move_count": 1},
    "evidence": {"is_as_made": True, "daily_rows": []},
}
PRINTED: dict[str, tuple[Callable[[Any], None], Any, int]] = {
    "sources": (sources.print_sources, {"sources": [SOURCE]}, 4),
    "changes": (sources.print_changes, {"added": [TITLE]}, 1),
    "ingest": (
        ingest._print_ingest,
        {"feeds": [FEED, FEED | {"error": TITLE}], "produced_count": 0, "backdated": False},
        3,
    ),
    "list": (
        recommend.print_recommendations,
        {"known": True, "user_id": TITLE, "day": "2026-11-01", "items": [ITEM]},
        4,
    ),
    "neighbours": (
        similar.print_neighbours,
        {
            "title": TITLE,
            "episode_id": "e0",
            "items": [ITEM | {"cosine": 1.0, "here_s": None, "there_s": 1.0}],
        },
        2,
    ),
    "trace": (trace.print_trace, TRACE, 4),
    "run": (
        run.print_run,
        {"run_id": "r", "success": False, "seconds": 1, "assets": [], "errors": [TITLE]},
        1,
    ),
    "doctor": (
        doctor.print_findings,
        {"findings": [{"ok": False, "what": "w", "detail": TITLE, "remedy": TITLE}]},
        2,
    ),
    "progress": (console.say, TITLE, 1),
}


@pytest.mark.parametrize("name", PRINTED)
def test_a_title_that_looks_like_markup_is_printed_unchanged(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show, document, count = PRINTED[name]
    show(document)
    printed = capsys.readouterr()
    assert (printed.out + printed.err).count(TITLE) == count


@pytest.mark.parametrize("error", [PodrecError, ValueError])
def test_an_error_that_quotes_markup_is_still_one_line(
    error: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise error(TITLE)

    assert console.guard(fails, debug=False) == 1
    printed = capsys.readouterr().err
    assert TITLE in printed
    assert printed.count("\n") == 1
