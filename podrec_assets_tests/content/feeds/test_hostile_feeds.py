"""Bodies that break parsers are refused with a reason or read in part, in linear time."""

import tracemalloc
from collections.abc import Callable
from contextlib import suppress

import pytest

from podrec_assets.content.feeds.feed_elements import MOST_CHARACTERS, MOST_ITEMS, MOST_TAGS
from podrec_assets.content.feeds.rss import parse_feed
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
            b'<!DOCTYPE rss [<!ENTITY % x SYSTEM "http://10.0.0.1/x.dtd">%x;]>' + rss(item()),
            "unsafe_xml",
            id="external parameter entity",
        ),
        pytest.param(
            b'<!DOCTYPE rss SYSTEM "x.dtd" [<!ENTITY a "&#104;"><!ENTITY b "&a;&a;">]>'
            + rss(item()),
            "unsafe_xml",
            id="entity of entities",
        ),
        pytest.param(
            b"<!DOCTYPE rss><!DOCTYPE rss [<!ENTITY a 'b'>]>" + rss(item()),
            "unsafe_xml",
            id="entity in a second DOCTYPE",
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
            b'<!DOCTYPE rss [<!ENTITY a "<rss><channel><item><guid>g</guid></item></channel></rss>'
            b'">]>' + rss(item()),
            "unsafe_xml",
            id="feed in an entity",
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


NETSCAPE = "http://my.netscape.com/publish/formats/rss-0.91.dtd"
LATIN = '"-//W3C//ENTITIES Latin 1 for XHTML//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml-lat1.ent"'


@pytest.mark.parametrize("charset", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE rss SYSTEM "http://10.0.0.1/x.dtd">',
        f'<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "{NETSCAPE}">',
        f"\n<!doctype rss public '-//Netscape//DTD > [RSS]//EN'\n'{NETSCAPE}' >\n",
        "<!DOCTYPE rss>",
        "<!DOCTYPE rss []>",
        "<!DOCTYPE rss [<!ENTITY nbsp \"&#160;\">\n<!ENTITY eacute '&#xE9;' > <!-- a > b -->]>",
        f'<!DOCTYPE rss SYSTEM "{NETSCAPE}" [<!ENTITY amp "&#38;#38;"> <!ENTITY lt "&#38;#60;">]>',
        f"<!DOCTYPE rdf:RDF [<!ENTITY % HTMLlat1 PUBLIC {LATIN}> %HTMLlat1; ]>",
        '<!DOCTYPE rss [<!ELEMENT rss (channel)><!ATTLIST rss version CDATA "]>">]>',
    ],
)
def test_a_document_type_is_ignored_without_damage(doctype: str, charset: str) -> None:
    text = '<?xml version="1.0"?>' + doctype + rss(item(1), item(2)).decode()
    feed = parse_feed(text.replace("T1", "Caf&eacute;&nbsp;1").encode(charset), FEED)
    assert [e.title for e in feed.episodes] == ["Café 1", "T2"]
    assert feed.problems == []


def test_an_entity_that_nobody_knows_stays_as_text_and_is_told() -> None:
    text = '<!DOCTYPE rss SYSTEM "x.dtd">' + rss(item(1, "<link>/&bakery;</link>")).decode()
    feed = parse_feed(text.replace("T1", "The &bakery;").encode(), FEED)
    assert [e.title for e in feed.episodes] == ["The &bakery;"]
    assert "entities that XML does not know" in feed.problems[0].detail


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
        ("malformed_xml", FEED, body)
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
        rss(f"<item>{deep}</item>", item(2, f"<description>{deep}</description>"), item(3)), FEED
    )
    assert [e.title for e in feed.episodes] == ["T2", "T3"]
    assert [p.reason for p in feed.problems] == ["malformed_xml", "no_identity"]


COSTLY: dict[str, Callable[[int], bytes]] = {
    "items": lambda n: rss(*(item(k, audio(k)) for k in range(n // 8))),
    "attributes": lambda n: rss(item(1, f"<a {names(n)}/>")),
    "attributes in damaged XML": lambda n: rss(item(1, f"<a {names(n)}/></b>")),
    "the same attribute": lambda n: rss(item(1, "<a " + 'a="x" ' * n + "/>")),
    "attributes without a space": lambda n: rss(item(1, "<a " + 'a="x"' * n + "/>")),
    "attributes without quotes": lambda n: rss(item(1, "<a " + "a=/ " * n + "/></b>")),
    "spaces in a tag": lambda n: rss(item(1, "<a b" + " " * n + "/></b>")),
    "slashes in a tag": lambda n: rss(item(1, "<a b=" + "/" * n + "x/></b>")),
    "titles that never end": lambda n: rss(item(1, "<title>" * n)),
    "namespaces": lambda n: rss(item(1, "<a " + "".join(f'xmlns:a{k}="u" ' for k in range(n)))),
    "namespaces of the feed": lambda n: rss(
        *map(item, range(n // 8)), channel=f"<a {names(n // 8, 'xmlns:')}/>"
    ),
    "nested tags": lambda n: rss(item(1, "<b>" * n)),
    "nested tags of one name": lambda n: rss(item(1, "<b><c></b>" * n)),
    "end tags": lambda n: rss(item(1, "<b>" * n + "</x>" * n)),
    "comments that never end": lambda n: rss(item(1, "<!--" * n)),
    "CDATA that never ends": lambda n: rss(item(1, "<![CDATA[" * n)),
    "instructions that never end": lambda n: rss(item(1, "<?x " * n)),
    "ampersands": lambda n: rss(item(1, "&" * n)),
    "entities": lambda n: rss(item(1, "&nbsp;" * n)),
    "references": lambda n: rss(item(1, "&#55358;" * n)),
    "less-thans": lambda n: rss(item(1, "<" * n)),
    "quotes": lambda n: rss(item(1, "<a " + '="' * n)),
    "items that never end": lambda n: rss("<item>" * n),
    "items without a bracket": lambda n: rss("<item " * n),
    "enclosures": lambda n: rss(item(1, audio(1) * n)),
    "addresses": lambda n: rss(item(1, "<guid>" + "://" * n + "</guid>"), "</b>"),
    "bytes of no charset": lambda n: rss(item(1)) + bytes(range(128, 256)) * (n // 16),
    "byte order marks": lambda n: b"\xef\xbb\xbf" * n + rss(item(1)),
}


def names(count: int, prefix: str = "") -> str:
    return " ".join(f'{prefix}a{k}="x"' for k in range(count))


def audio(number: int) -> str:
    return f'<enclosure url="https://a.example/{number}.mp3" type="audio/mpeg"/>'


@pytest.mark.parametrize("name", COSTLY)
def test_the_cost_of_a_feed_is_linear_in_its_size(name: str) -> None:
    def read(count: int) -> None:
        with suppress(UnusableInputError):
            parse_feed(COSTLY[name](count), FEED)

    assert_linear(read, 300)


def test_a_large_feed_is_read_whole_with_one_item_in_memory() -> None:
    tags = "".join(f"<x{k}>{'text ' * 6}{k}</x{k}>" for k in range(24))

    def peak(count: int) -> float:
        body = rss(*(item(k, tags) for k in range(count)))
        tracemalloc.start()
        feed = parse_feed(body, FEED)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(feed.episodes) == count
        return most / len(body)

    assert peak(480) < 1.5 * peak(60)


def test_an_item_over_the_limits_costs_no_other_item() -> None:
    huge = (item(1, "x" * MOST_CHARACTERS), item(2, "<b/>" * MOST_TAGS))
    feed = parse_feed(rss(*huge, item(3)), FEED)
    assert [e.title for e in feed.episodes] == ["T3"]
    assert [(p.reason, p.source_key) for p in feed.problems] == [
        ("too_large", f"{FEED}#item-1"),
        ("too_large", f"{FEED}#item-2"),
    ]


def test_too_many_items_or_tags_outside_of_items_are_refused() -> None:
    for body in (rss("<item/>" * (MOST_ITEMS + 1)), rss(item(), channel="<b/>" * MOST_TAGS)):
        with pytest.raises(UnusableInputError) as refused:
            parse_feed(body, FEED)
        assert refused.value.reason == "too_complex"


def test_a_feed_that_takes_too_long_is_refused_with_the_setting() -> None:
    left = iter([False, False, True])
    with pytest.raises(UnusableInputError, match="PODREC_FEED_READ_S") as refused:
        parse_feed(rss(*map(item, range(9))), FEED, is_late=lambda: next(left))
    assert refused.value.reason == "too_slow"
