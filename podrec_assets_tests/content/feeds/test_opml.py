"""OPML of podcast apps becomes feed addresses."""

import pytest

from podrec_assets.content.feeds.opml import feed_urls
from podrec_assets.errors import UnusableInputError

APP = b"""<?xml version="1.0" encoding="utf-8"?>
<opml version="1.0"><head><title>Subscriptions</title></head><body>
  <outline text="feeds">
    <outline type="rss" text="One" xmlUrl="https://one.example/feed.xml" htmlUrl="https://one.example/"/>
    <outline text="Folder">
      <outline type="rss" text="Two" xmlurl=" https://two.example/rss?a=1&amp;b=2 "/></outline>
    <outline type="rss" text="One again" xmlUrl="http://one.example/feed.xml/"/>
    <outline type="link" text="no feed" url="https://three.example/"/>
  </outline>
</body></opml>"""


def test_every_feed_of_every_folder_is_found_once_in_order() -> None:
    assert feed_urls(APP, "subscriptions.opml") == [
        "https://one.example/feed.xml",
        "https://two.example/rss?a=1&b=2",
    ]


def test_a_document_type_is_ignored() -> None:
    body = APP.replace(b"<opml", b'<!DOCTYPE opml SYSTEM "http://10.0.0.1/opml.dtd"><opml', 1)
    assert feed_urls(body, "subscriptions.opml") == feed_urls(APP, "subscriptions.opml")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_opml"),
        (b"<rss version='2.0'/>", "not_opml"),
        (b"\x89PNG", "not_opml"),
        (b"<opml><body>", "not_opml"),
        (b"<opml version='2.0'><body/></opml>", "empty_opml"),
        (
            b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml>&x;</opml>',
            "unsafe_xml",
        ),
    ],
)
def test_unusable_opml_is_refused_with_a_reason(body: bytes, reason: str) -> None:
    with pytest.raises(UnusableInputError, match=r"subscriptions\.opml") as refused:
        feed_urls(body, "subscriptions.opml")
    assert refused.value.reason == reason


def test_invalid_addresses_are_left_to_the_fetcher() -> None:
    assert feed_urls(b'<opml><body><outline xmlUrl="http://[::1"/></body></opml>', "x") == [
        "http://[::1"
    ]
