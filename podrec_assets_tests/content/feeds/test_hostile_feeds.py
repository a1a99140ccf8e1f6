"""Bodies that break parsers are refused with a reason or read in part, in linear time."""

import pytest

from podrec_assets.content.feeds.rss import parse_feed
from podrec_assets.content.feeds.safe_xml import HEAD_BYTES
from podrec_assets.errors import UnusableInputError
from podrec_assets_tests.content.growth import assert_linear

FEED = "https://show.example/feeds/one.xml"
HEAD = """<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
 xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel><title>Show</title><language>en-GB</language>"""
TAIL = "</channel></rss>"
BOMB = """<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
]><rss version="2.0"><channel><item><guid>&c;</guid></item></channel></rss>"""
UTF16_ENTITY = (
    '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE rss [<!ENTITY a "b">]><rss version="2.0"/>'
)
KLINGON = UTF16_ENTITY.replace("utf-16", "klingon")


def item(number: int = 1, more: str = "") -> str:
    return f"<item><title>T{number}</title><guid>g{number}</guid>{more}</item>"


def rss(*items: str, channel: str = "") -> bytes:
    return (HEAD + channel + "".join(items) + TAIL).encode()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(BOMB.encode(), "unsafe_xml", id="billion laughs"),
        pytest.param(
            b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel>'
            b"&x;</channel></rss>",
            "unsafe_xml",
            id="external entity",
        ),
        pytest.param(
            b'<!DOCTYPE rss SYSTEM "http://10.0.0.1/x.dtd">' + rss(item()),
            "unsafe_xml",
            id="external DTD",
        ),
        pytest.param(UTF16_ENTITY.encode("utf-16"), "unsafe_xml", id="entity in UTF-16"),
        pytest.param(
            UTF16_ENTITY.encode("utf-16")[:-40], "unsafe_xml", id="entity in truncated UTF-16"
        ),
        pytest.param(
            b"<!DOCTYPE rss [<!ENTITY x 'y'>" + rss(item()),
            "unsafe_xml",
            id="entity in damaged XML",
        ),
        pytest.param(
            b'<?xml version="1.0" encoding="klingon"?><!DOCTYPE rss SYSTEM "x.dtd">' + rss(item()),
            "unsafe_xml",
            id="DTD in an unknown charset",
        ),
        pytest.param(KLINGON.encode(), "unsafe_xml", id="entity in an unknown charset"),
        pytest.param(
            KLINGON.encode("utf-16-le"),
            "unsafe_xml",
            id="entity in an unknown charset of two bytes",
        ),
        pytest.param(b"%PDF-1.7\n" + rss(item()), "not_a_feed", id="PDF"),
        pytest.param(
            b"<!DOCTYPE html><html><body><rss/></body></html>", "not_a_feed", id="web page"
        ),
        pytest.param(
            b'\xef\xbb\xbf \n<?xml version="1.0"?><!-- a --><html/>',
            "not_a_feed",
            id="XHTML after a comment",
        ),
        pytest.param(b"", "empty_feed", id="nothing"),
        pytest.param(b" \n\t ", "empty_feed", id="only spaces"),
        pytest.param(rss(), "empty_feed", id="no items"),
        pytest.param(b'<opml version="2.0"><body/></opml>', "not_a_feed", id="OPML"),
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not_a_feed", id="a picture"),
        pytest.param(b'{"version": "https://jsonfeed.org/version/1"}', "not_a_feed", id="JSON"),
        pytest.param(bytes(range(256)) * 8, "not_a_feed", id="binary"),
        pytest.param(b"/etc/passwd", "not_a_feed", id="a path"),
        pytest.param(b"http://127.0.0.1/feed", "not_a_feed", id="an address"),
    ],
)
def test_unusable_feeds_are_refused_with_a_reason(body: bytes, reason: str) -> None:
    with pytest.raises(UnusableInputError) as refused:
        parse_feed(body, FEED)
    assert (refused.value.reason, FEED in str(refused.value)) == (reason, True)


@pytest.mark.parametrize(
    "head",
    [b"", b"\xef\xbb\xbf", b"<?xml version='1.0'?>\n<!-- a --> <!-- b -->"],
    ids=["bare", "BOM", "comments"],
)
def test_a_web_page_is_refused_with_a_hint_to_its_feed(head: bytes) -> None:
    with pytest.raises(
        UnusableInputError, match="is a web page, not a feed; look for its RSS address"
    ):
        parse_feed(head + b"<HTML lang='en'></HTML>", FEED)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(rss(item(1), item(2))[: -len(TAIL)] + b"<ite", ["T1", "T2"], id="truncated"),
        pytest.param(
            (HEAD + item(1) + "<item><title>Café</title></item>" + TAIL).encode("latin-1"),
            ["T1", "Café"],
            id="wrong charset",
        ),
        pytest.param(
            b'<?xml version="1.0" encoding="klingon"?>' + rss(item()), ["T1"], id="unknown charset"
        ),
        pytest.param(
            b'<rss version="2.0"><channel>'
            + item(1, "<podcast:x/>").encode()
            + b"</channel></rss>",
            ["T1"],
            id="unbound prefix",
        ),
    ],
)
def test_readable_items_of_damaged_xml_are_kept_with_one_problem(
    body: bytes, expected: list[str]
) -> None:
    feed = parse_feed(body, FEED)
    assert [e.title for e in feed.episodes] == expected
    assert [(p.reason, p.source_key, p.payload) for p in feed.problems] == [
        ("malformed_xml", FEED, body[:HEAD_BYTES])
    ]


def test_blank_lines_before_the_declaration_are_no_damage() -> None:
    feed = parse_feed(b" \n<?xml version='1.0'?>" + rss(item()), FEED)
    assert ([e.title for e in feed.episodes], feed.problems) == (["T1"], [])


@pytest.mark.parametrize(
    ("declaration", "part"),
    [
        pytest.param(b"", b" ", id="spaces"),
        pytest.param(b'<?xml version="1.0"?>', b"<!-- c -->", id="comments"),
    ],
)
def test_a_long_head_before_the_feed_is_read_in_linear_time(
    declaration: bytes, part: bytes
) -> None:
    def read(count: int) -> None:
        feed = parse_feed(declaration + part * count + rss(item()), FEED)
        assert [e.title for e in feed.episodes] == ["T1"]

    assert_linear(read, 700)


def test_ten_thousand_nested_tags_affect_their_own_item_at_most() -> None:
    deep = "<b>" * 10_000 + "x" + "</b>" * 10_000
    feed = parse_feed(
        rss(f"<item>{deep}</item>", item(2, f"<description>{deep}</description>")), FEED
    )
    assert [(e.title, e.description) for e in feed.episodes] == [("T2", "x")]
    assert [(p.reason, p.payload) for p in feed.problems] == [("no_identity", b"")]
