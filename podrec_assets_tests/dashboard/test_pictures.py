"""Covers, score bars and facts: deterministic, and text from a feed never becomes markup."""

from datetime import date
from xml.etree import ElementTree

import pandas as pd
import pytest

from podrec_assets.dashboard.covers import arms, cover, initials
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


def test_bars_are_clipped_to_their_picture() -> None:
    widths = [
        float(r.get("width", ""))
        for r in ElementTree.fromstring(arms(1.7, -0.2))
        if r.get("fill-opacity") is None
    ]
    assert widths == [100.0, 0.0]


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
