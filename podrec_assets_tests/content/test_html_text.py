"""Plain text of untrusted HTML."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podrec_assets.content.html_text import MAX_TAGS, clean, plain_text
from podrec_assets_tests.content.growth import assert_linear

PARTS = [
    *"ab <>&;!/[]-'\"=#x\n\x00\ud800",
    "<p>",
    "</p>",
    "<script>",
    "</script>",
    "<![",
    "&amp;",
    "<!--",
    "&#",
    "<svg>",
]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param(None, "", id="null"),
        pytest.param("", "", id="empty"),
        pytest.param("  plain   words ", "plain words", id="plain text"),
        pytest.param("a < b and 3 > 2", "a < b and 3 > 2", id="comparison is no tag"),
        pytest.param("AT&T & friends", "AT&T & friends", id="ampersands that are no entities"),
        pytest.param("<p>one</p><p>two</p>", "one\ntwo", id="a line for each block"),
        pytest.param("one<br>two<br/>three", "one\ntwo\nthree", id="line breaks"),
        pytest.param("<b>bo</b>ld <i>words</i>", "bold words", id="inline tags join"),
        pytest.param("<UL><LI>a<LI>b</UL>", "a\nb", id="capitals, unclosed items"),
        pytest.param("Q&amp;A &lt;3 &#8212; &#x41; caf&eacute;", "Q&A <3 — A café", id="entities"),
        pytest.param("a&nbsp;&nbsp;b", "a b", id="hard spaces"),
        pytest.param(
            "<script>alert('x')</script>said<style>p{}</style>", "said", id="script and style"
        ),
        pytest.param("<head><title>502</title></head><body>said</body>", "said", id="head"),
        pytest.param(
            "<nav>menu</nav>said<form><button>go</button></form>", "said", id="navigation and forms"
        ),
        pytest.param("<html><head><title>T</title><p>said", "said", id="head that never ends"),
        pytest.param("<head><meta charset=x>said", "said", id="words end a head"),
        pytest.param("<tr><td>one</td><td>two</td></tr>", "one\ntwo", id="cells"),
        pytest.param("<svg><nav>x</svg>said</nav>", "said", id="silent tags that cross"),
        pytest.param("<svg><svg>x</svg>said", "said", id="a silent tag in itself"),
        pytest.param("<a href='javascript:x' onclick='y'>link</a>", "link", id="attributes"),
        pytest.param("a<!-- hidden -->b", "ab", id="comment"),
        pytest.param("a<!-- x --!>b<!-->c<!--->d", "abcd", id="comments that end early"),
        pytest.param("<![if IE]>a<![endif]>b", "ab", id="conditional section"),
        pytest.param("<![foo[bar]]>said", "said", id="unknown section"),
        pytest.param("<p>a<![CDATA[b]]>c", "ac", id="CDATA in HTML"),
        pytest.param("<p>a\x00b\x07</p>&#7;c", "ab\nc", id="controls"),
        pytest.param("x\ud800y", "xy", id="lone surrogate"),
        pytest.param("one\r\n\r\n two", "one\ntwo", id="empty lines"),
    ],
)
def test_text_is_what_a_reader_would_see(html: str | None, text: str) -> None:
    assert plain_text(html) == text


def test_clean_removes_controls_and_keeps_line_ends_tabs_and_letters() -> None:
    assert clean("a\x00\x0b\x1f\x7f\udfffb\n\tç😀") == "ab\n\tç😀"


@pytest.mark.parametrize("tail", ["<b>x</b>", ""])
@pytest.mark.parametrize(
    "part",
    [
        "<a ",
        "<",
        "<!--",
        "<!--x>",
        "<p>",
        "<svg>",
        "</",
        "<?",
        "<![CDATA[",
        '<b a="',
        "&#",
        "<svg></nav>",
    ],
)
def test_unclosed_markup_costs_linear_time(part: str, tail: str) -> None:
    assert_linear(lambda count: plain_text("<b>x</b>" + part * count + tail), 2_000)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a <b", "a"),
        ("<p>a < b", "a < b"),
        ("<p>a <!-- b", "a b"),
        ("<p>a<!--b--><!--c-->d", "ad"),
    ],
)
def test_unclosed_markup_loses_no_text_before_it(html: str, text: str) -> None:
    assert plain_text(html) == text


def test_what_follows_too_many_tags_is_left_out() -> None:
    text = plain_text("<p>one" + "<br>" * MAX_TAGS + "two")
    assert text == "one"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=30).map("".join))
def test_any_input_gives_text_that_can_be_stored(html: str) -> None:
    text = plain_text(html)
    assert clean(text) == text == text.strip()
    text.encode()
