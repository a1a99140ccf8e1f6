"""Covers, score bars and facts: deterministic, and text from a feed never becomes markup."""

from datetime import date
from itertools import pairwise
from xml.etree import ElementTree

import pandas as pd
import pytest

from podrec_assets.dashboard.covers import cover, initials, score_bars
from podrec_assets.dashboard.shared import cells, facts


def test_a_cover_depends_only_on_its_id_and_contains_no_markup_from_the_title() -> None:
    assert cover("s1", "Night Sky") == cover("s1", "Night Sky")
    assert cover("s1", "Night Sky") != cover("s2", "Night Sky")
    for title in ("<script>alert(1)</script>", "& < >", "", "名前", "]]>"):
        root = ElementTree.fromstring(cover("\ud800", title))
        assert {e.tag.rpartition("}")[2] for e in root.iter()} <= {
            "svg", "defs", "linearGradient", "stop", "rect", "circle", "text",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("title", "letters"),
    [("Night Sky", "NS"), ("The long, cold night", "TL"), ("«Été»", "É"), ("!!", "?"), ("", "?")],
)
def test_initials_come_from_the_first_two_words(title: str, letters: str) -> None:
    assert initials(title) == letters


@pytest.mark.parametrize("scores", [[1.7, -0.2], [0.5, 0.25, 1.0], [1.0] * 6])
def test_bars_are_clipped_to_their_picture_and_each_has_its_own_line(scores: list[float]) -> None:
    picture = ElementTree.fromstring(score_bars(scores))
    bars = [r for r in picture if r.get("fill-opacity") is None]
    widths = [float(bar.get("width", "")) for bar in bars]
    assert widths == [100 * min(max(score, 0.0), 1.0) for score in scores]
    tops = [float(bar.get("y", "")) for bar in bars]
    assert tops == [5.0 * row for row in range(len(scores))]
    assert picture.get("viewBox") == f"0 0 100 {tops[-1] + 3:.0f}"
    assert all(a.get("fill") != b.get("fill") for a, b in pairwise(bars))


def test_a_table_of_a_page_is_no_formula_in_a_spreadsheet() -> None:
    rows = [{"title": "=cmd|' /C calc'!A0", "plays": -3, "day": date(2026, 11, 1), "show": None}]
    for shown in (cells(rows), cells(pd.DataFrame(rows))):
        assert shown["title"].tolist() == ["'=cmd|' /C calc'!A0"]
        assert shown["plays"].tolist() == [-3]
        assert shown["day"].tolist() == [date(2026, 11, 1)]
    assert cells([]).empty


def test_facts_leave_out_unknown_values() -> None:
    assert (
        facts({"show_title": "Crumb", "published_at": None, "duration_s": 61.0}) == "Crumb · 1:01"
    )
    assert facts({}) == ""
