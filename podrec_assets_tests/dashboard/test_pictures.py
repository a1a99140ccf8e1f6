"""Covers, bars and facts: the same for the same episode, and nothing of a feed is markup in them."""

from xml.etree import ElementTree

import pytest

from podrec_assets.dashboard.covers import arms, cover, initials
from podrec_assets.dashboard.shared import facts


def test_a_cover_is_the_same_for_an_id_and_holds_no_markup_of_the_title() -> None:
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
def test_initials_are_of_words(title: str, letters: str) -> None:
    assert initials(title) == letters


def test_bars_stay_within_their_picture() -> None:
    widths = [
        float(r.get("width", ""))
        for r in ElementTree.fromstring(arms(1.7, -0.2))
        if r.get("fill-opacity") is None
    ]
    assert widths == [100.0, 0.0]


def test_facts_leave_out_what_is_not_known() -> None:
    assert (
        facts({"show_title": "Crumb", "published_at": None, "duration_s": 61.0}) == "Crumb · 1:01"
    )
    assert facts({}) == ""
