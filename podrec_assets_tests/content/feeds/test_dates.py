"""Times as publishers write them are read as what they mean, or left out."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podrec_assets.content.feeds.dates import LONGEST, feed_time

EIGHT = datetime(2020, 6, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 01 Jun 2020 08:00:00 GMT",
        "Mon, 01 Jun 2020 08:00:00 UT",
        "Mon, 01 Jun 2020 08:00:00 Z",
        "Mon, 01 Jun 2020 08:00:00",
        "Mon, 01 Jun 2020 08:00",
        "Mon, 1 Jun 2020 8:00 GMT",
        "Mon, 1 Jun 2020 8:0:0 GMT",
        "2020-06-01 8:0:0",
        "2020-06-01T08h00",
        "1 juin 2020 08h00",
        "1 juin 2020 \u00e0 8 h",
        "1 juin 2020, 10h00 +0200",
        "Jun 1, 2020 8am",
        "1 Jun 2020 8 a.m. GMT",
        "Fri, 01 Jun 2020 08:00:00 GMT",  # it was a Monday
        "Monday, 1 June 2020 08:00:00 +0000",
        "01 Jun 2020 08:00:00 +0000",
        "Mon,01 Jun 2020 08:00:00 +0000",
        "01-Jun-2020 08:00:00 +0000",
        "Mon, 01 Jun 20 08:00:00 Z",
        "Mon Jun 01 2020 08:00:00 GMT+0000 (Coordinated Universal Time)",
        "Mon Jun  1 08:00:00 2020",
        "Jun 1, 2020 8:00 AM",
        "Mon, 01 Jun 2020 08:00:00 +0000 (UTC)",
        "  Mon, 01 Jun 2020\n 08:00:00 GMT ",
        "Mon, 01 Jun 2020 04:00:00 EDT",
        "Mon, 01 Jun 2020 03:00:00 EST",
        "Mon, 01 Jun 2020 00:00:00 PST",
        "Mon, 01 Jun 2020 10:00:00 +0200",
        "Mon, 01 Jun 2020 10:00:00 +02:00",
        "Mon, 01 Jun 2020 10:00:00+0200",
        "Mon, 01 Jun 2020 10:00:00 GMT+2",
        "Mon, 01 Jun 2020 10:00:00 UTC+02:00",
        "Mon, 01 Jun 2020 10:00:00 GMT+0200 (CEST)",
        "Mon, 01 Jun 2020 04:30:00 -0330",
        "Mon, 01 Jun 2020 08:00:00 CEST",  # RFC 5322, 4.3: letters that it does not name are UTC
        "Mo, 01 Juni 2020 08:00:00 +0000",
        "lun., 01 juin 2020 08:00:00 +0000",
        "lun, 01 giu 2020 08:00:00 +0000",
        "1 de junio de 2020 08:00",
        "seg, 01 junho 2020 08:00:00 +0000",
        "ma, 01 juni 2020 08:00:00 +0000",
        "pon, 01 czerwca 2020 08:00:00 +0000",
        "Пн, 01 июн 2020 11:00:00 +0300",
        "2020-06-01T08:00:00Z",
        "2020-06-01T10:00:00.123456+02:00",
        "2020-06-01 08:00:00",
        "2020-06-01 10:00:00 +0200",
        "2020-06-01T08:00Z",
        "2020/06/01 08:00:00",
        "20200601T080000Z",
        "01.06.2020 08:00",
        "1590998400",
        "1590998400000",
    ],
)
def test_the_same_time_is_read_from_every_notation(text: str) -> None:
    assert feed_time(text) == EIGHT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thu, 15 Feb 2018 11:24:50", datetime(2018, 2, 15, 11, 24, 50, tzinfo=UTC)),
        ("mar., 05 mai 2020 10:00", datetime(2020, 5, 5, 10, tzinfo=UTC)),  # a Tuesday in May
        ("Di, 03 März 2020 10:00", datetime(2020, 3, 3, 10, tzinfo=UTC)),
        ("Fri, 31 Dec 99 23:59:60 GMT", datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("May 16, 2020 9:05 PM", datetime(2020, 5, 16, 21, 5, tzinfo=UTC)),
        ("May 16, 2020 12:05 a.m.", datetime(2020, 5, 16, 0, 5, tzinfo=UTC)),
        ("2020-06-01", datetime(2020, 6, 1, tzinfo=UTC)),
        ("1 hein\u00e4 2020 09:05", datetime(2020, 7, 1, 9, 5, tzinfo=UTC)),
        ("1. maj 2020 8.05", datetime(2020, 5, 1, 8, 5, tzinfo=UTC)),
        ("Mon, 01 Jun 2020", datetime(2020, 6, 1, tzinfo=UTC)),
        ("2020-06-01T24:00:00Z", datetime(2020, 6, 2, tzinfo=UTC)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_by_the_rules_of_its_notation(text: str, expected: datetime) -> None:
    assert feed_time(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        None, "", " ", "yesterday", "soon", "0", "-1", "0000-00-00", "0000-00-00 00:00:00",
        "Mon, 30 Feb 2026 10:00:00 GMT", "32 Foo 2026", "Wed, 27 May 2020 34:50:00 -0400",
        "Mon, 01 Jun 2020 24:00:00 GMT", "Mon, 01 Jun 2020 08:61:00 GMT", "2020-13-01",
        "Mon, 01 Jun 2020 13:00 PM", "Mon, 01 Jun 2020 08:00:00 -2500", "Jun 2020", "12:00",
        "1 " * 60,
    ],
)  # fmt: skip
def test_what_is_no_time_is_left_out(text: str | None) -> None:
    assert feed_time(text) is None


@given(st.text(max_size=LONGEST + 5) | st.from_regex(r"[0-9A-Za-z:+., -]{1,60}", fullmatch=True))
def test_any_text_is_a_time_in_utc_or_none(text: str) -> None:
    at = feed_time(text)
    assert at is None or at.tzinfo is UTC
