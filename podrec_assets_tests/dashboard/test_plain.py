"""Whatever a feed or a link says is shown as it is written: no markup, link or picture comes of it."""

from xml.etree import ElementTree

import pytest

from podrec_assets.dashboard.covers import arms, cover, initials
from podrec_assets.dashboard.shared import facts, plain


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("![x](http://tracker.example/p.png)", r"!\[x\](http://tracker.example/p.png)"),
        ("<script>alert(1)</script>", r"\<script\>alert(1)\</script\>"),
        (":red[loud] and $x^2$", r":red\[loud\] and \$x^2\$"),
        ("**bold** ~gone~ a|b \\", r"\*\*bold\*\* \~gone\~ a\|b \\"),
        ("two\n# lines", "two # lines"),
        (None, ""),
        ("run `podrec run --select user_events`", "run `podrec run --select user_events`"),
    ],
)
def test_markup_is_shown_and_not_followed(given: str | None, shown: str) -> None:
    assert plain(given) == shown


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
    widths = [float(r.get("width", "")) for r in ElementTree.fromstring(arms(1.7, -0.2)) if r.get("fill-opacity") is None]
    assert widths == [100.0, 0.0]


def test_facts_leave_out_what_is_not_known() -> None:
    assert facts({"show_title": "Crumb", "published_at": None, "duration_s": 61.0}) == "Crumb · 1:01"
    assert facts({}) == ""
