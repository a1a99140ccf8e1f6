"""Every word between the body tags of an HTML transcript is in its text or names a speaker."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podrec_assets.content.transcripts.formats import Transcript, parse_transcript
from podrec_assets_tests.content.growth import assert_linear


def read(html: str) -> Transcript:
    return parse_transcript(html.encode(), "text/html", "https://t.example/1")


def texts(html: str) -> list[tuple[str | None, str]]:
    return [(s["speaker"], s["text"]) for s in read(html).segments]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            "<h2>Opening</h2><p>Welcome.</p><blockquote>Yeast is alive.</blockquote>"
            "<ul><li>Flour first</li><li>Water second</li></ul><p>Goodbye.</p>",
            ["Opening", "Welcome.", "Yeast is alive.", "Flour first", "Water second", "Goodbye."],
        ),
        ("Before<p>inside</p>after", ["Before", "inside", "after"]),
        ("<table><tr><th>Ann</th><td>Hello</td></tr></table>", ["Ann", "Hello"]),
        ("<dl><dt>Ann</dt><dd>Hello</dd></dl>", ["Ann", "Hello"]),
        ("<p>un<b>believ</b>able <span>news</span></p>", ["unbelievable news"]),
        ("<p>one<br>two</p>", ["one\ntwo"]),
        ("<p>one<p>two<div>three", ["one", "two", "three"]),
        ("<nav>Home</nav><form><button>Play</button></form><p>Hi</p>", ["Home", "Play", "Hi"]),
        ("<noscript>Please wait</noscript><svg><text>Logo</text></svg>", ["Please wait", "Logo"]),
        ("<script>var a = 'b';</script><style>p {}</style><p>Hi</p>", ["Hi"]),
        ("<p>He read <cite>Moby Dick</cite> at <time>5:00</time> daily</p>",
         ["He read Moby Dick at 5:00 daily"]),
        ("<blockquote>Bake!<cite>My teacher</cite></blockquote><p>Yes</p>",
         ["Bake! My teacher", "Yes"]),
        ("<p>Hi</p><cite>The end</cite>", ["Hi", "The end"]),
        ("<p><![CDATA[5 < 6 & so]]></p><p><![CDATA[on</p>", ["5 < 6 & so", "on"]),
        ("<p>Hi</p><!-- x --!><p>there</p><!--><p>all</p><!--->", ["Hi", "there", "all"]),
        ("<time>March 3</time><p>Hi</p>", ["March 3", "Hi"]),
    ],
)  # fmt: skip
def test_every_block_is_a_segment_without_a_word_lost(html: str, expected: list[str]) -> None:
    for page in (html, f"<html><head><title>T</title></head><body>{html}</body></html>"):
        assert texts(page) == [(None, text) for text in expected]


def test_cite_and_time_lead_the_blocks_that_follow() -> None:
    page = (
        "<cite>Ann:</cite> <time>0:01</time> <p>Hello.</p><ul><li>One</li></ul>"
        "<cite>Bo:</cite> <time>[1:00:02]</time> <p>Yes.</p> <time>1:00:05</time> <div>So.</div>"
    )
    assert [tuple(s.values()) for s in read(page).segments] == [
        (1.0, 1.0, "Ann", "Hello."),
        (1.0, 3602.0, "Ann", "One"),
        (3602.0, 3605.0, "Bo", "Yes."),
        (3605.0, None, "Bo", "So."),
    ]


@pytest.mark.parametrize(
    "html",
    [
        "<html><head><title>T</title><p>Hello</p>",
        "<html><head><title>T<body><p>Hello</p>",
        "<html><head><meta charset=utf-8><body>Hello</body>",
        "<html><head>Hello",
    ],
)
def test_a_head_that_is_never_closed_hides_no_words(html: str) -> None:
    assert read(html).text.endswith("Hello")


def test_a_page_that_ends_within_a_tag_is_told() -> None:
    parsed = read("<p>Hello</p> I <think so")
    assert (parsed.text, len(parsed.notes)) == ("Hello I", 1)
    assert "left out" in parsed.notes[0]
    assert read("<p>Hello</p> 5 < 6").notes == ()


@pytest.mark.parametrize("tag", ["script", "style", "title"])
def test_words_behind_a_tag_that_hides_them_and_is_never_closed_are_told(tag: str) -> None:
    parsed = read(f"<body><p>Hello</p><{tag}>x <p>not seen</p></body>")
    assert parsed.text == "Hello"
    assert parsed.notes == (f"the page never closes a <{tag}>, what follows it is left out",)


BLOCKS = ("p", "div", "li", "td", "h1", "h3", "blockquote", "section", "pre", "dd", "figcaption")
INLINE = ("b", "i", "span", "a", "em", "q", "time", "cite")


def pages() -> st.SearchStrategy[str]:
    word = st.integers(0, 999).map(lambda n: f" w{n} ")
    inline = st.builds("<{0}>{1}</{0}>".format, st.sampled_from(INLINE), word)
    leaves = st.lists(st.one_of(word, inline), max_size=4).map("".join)
    return st.recursive(
        leaves,
        lambda inner: st.lists(
            st.builds("<{0} class=x>{1}</{0}>".format, st.sampled_from(BLOCKS), inner), max_size=4
        ).map("".join),
        max_leaves=20,
    )


@settings(deadline=None, max_examples=60)
@given(pages())
def test_any_tree_of_tags_keeps_each_word_in_text_or_speaker(html: str) -> None:
    said = set(re.findall(r"w\d+", html))
    parsed = read(f"<html><body>{html}<p>end</p></body></html>")
    kept = parsed.text + " ".join(s["speaker"] or "" for s in parsed.segments)
    assert said <= set(re.findall(r"w\d+", kept))


@pytest.mark.parametrize(
    "part", ["<p>a</p>", "<cite>a", "<time>", "<li>", "<blockquote>", "</p>", "<![CDATA[", "<!--x"]
)
def test_hostile_pages_cost_linear_time(part: str) -> None:
    assert_linear(lambda count: read("<p>hi" + part * count), 500)


def test_the_page_of_a_bug_report_keeps_its_words(shared_data: Path) -> None:
    body = (shared_data / "field" / "content" / "C19.html").read_bytes()
    parsed = parse_transcript(body, None, "https://t.example/C19.html")
    inside = re.sub(r"<[^<>]*>", " ", body.decode())
    assert parsed.text.split() == inside.split()
