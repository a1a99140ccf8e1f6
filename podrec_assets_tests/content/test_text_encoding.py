"""Bytes of every charset become the right characters, and never U+FFFD."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podrec_assets.content.text_encoding import decode, header_charset

RUSSIAN, CHINESE, GERMAN = (
    "Привет, это час хлеба.",
    "面包时间。今天我们烤面包",
    "Küche für Anfänger",
)


@pytest.mark.parametrize(
    ("text", "charset", "declared"),
    [
        (RUSSIAN, "windows-1251", "windows-1251"),
        (RUSSIAN, "koi8-r", "KOI8-R"),
        (RUSSIAN, "iso8859-5", "iso-8859-5"),
        (CHINESE, "gb2312", "GB2312"),
        (CHINESE, "gb18030", "gbk"),
        ("麵包時間", "big5", "Big5"),
        ("パンの時間", "shift_jis", "Shift_JIS"),
        ("パンの時間", "euc_jp", "euc-jp"),
        ("パンの時間", "iso2022_jp", "iso-2022-jp"),
        ("빵의 시간", "euc_kr", "ks_c_5601-1987"),
        (GERMAN, "latin-1", "iso-8859-1"),
        ("“bread” 5 €", "cp1252", "iso-8859-1"),
        (GERMAN, "utf-8", "utf-8"),
        (GERMAN, "utf-8", "iso-8859-1"),
        (GERMAN, "utf-8", "us-ascii"),
        (GERMAN, "utf-8", "gbk"),
        (RUSSIAN, "utf-8", "gb2312"),
        (RUSSIAN, "utf-8", "shift_jis"),
        (CHINESE, "utf-8", "big5"),
        ("Çat\u0131, \u0131ş\u0131k, \u0131ğd\u0131r", "cp1254", "iso-8859-9"),
        ("¡¿Qué?! Ñandú", "latin-1", "iso-8859-1"),
        ("5 m³ ±1", "latin-1", "iso-8859-1"),
        (GERMAN, "utf-8-sig", "iso-8859-1"),
        (GERMAN, "utf-16", "utf-16"),
        ("<" + GERMAN, "utf-16-be", "utf-16"),
        ("<" + GERMAN, "utf-16-le", None),
        ("<" + GERMAN, "utf-32-le", None),
        (f"{RUSSIAN} 00:00:01", "utf-16-le", None),
        (f"{RUSSIAN} 00:00:01", "utf-16-be", None),
        ("パンの時間", "iso2022_jp", None),
        (GERMAN, "utf-8", None),
        ("plain", "ascii", None),
        ("", "utf-8", None),
    ],
)
def test_declared_and_marked_charsets_are_read_without_damage(
    text: str, charset: str, declared: str | None
) -> None:
    decoded = decode(text.encode(charset), [declared])
    assert (decoded.text, decoded.damage) == (text, None)


@pytest.mark.parametrize(
    ("text", "charset", "declared", "language"),
    [
        (RUSSIAN, "windows-1251", "utf-8", None),
        (RUSSIAN, "windows-1251", None, "ru"),
        ("Час хлеба", "windows-1251", "utf-8", "ru"),
        (RUSSIAN, "windows-1251", None, "en"),
        (CHINESE, "gb18030", "utf-8", "zh"),
        ("大家好 这是面包时间", "gb18030", None, None),
        ("안녕하세요, 빵 시간입니다.", "cp949", None, "en"),
        ("こんにちは、パンの時間です。", "cp932", None, "en"),
        ("Voilà, c'est l\u2019heure du “pain”", "cp1252", None, None),
        ("Ekmek saati: bugün şeker", "windows-1254", "utf-8", "tr"),
        ("שלום לכולם", "windows-1255", None, "he"),
        (GERMAN, "latin-1", "utf-8", "de"),
        ("Bäcker\u2019s “x”", "cp1252", None, None),
        ("Bäcker", "latin-1", "utf-8", None),
        ("Gâteau d'été", "latin-1", "utf-8", None),
        (GERMAN, "utf-8", "utf-16", None),
        (RUSSIAN, "windows-1251", "iso-8859-1", None),
        (RUSSIAN, "windows-1251", "iso-8859-1", "ru"),
        ("Καλημέρα σε όλους", "windows-1253", "windows-1252", "en"),
        (CHINESE, "gb18030", "iso-8859-1", None),
        ("Cześć, dziś pieczemy chleb", "windows-1250", "iso-8859-1", "pl"),
        ("Cześć, dziś pieczemy chleb", "iso-8859-2", None, "pl"),
        (GERMAN, "utf-8", "klingon", None),
        (GERMAN, "latin-1", "punycode", "de"),
        (GERMAN, "latin-1", "unicode_escape", "de"),
    ],
)
def test_wrong_declarations_are_reported_and_the_text_is_right(
    text: str, charset: str, declared: str | None, language: str | None
) -> None:
    decoded = decode(text.encode(charset), [declared], language)
    assert decoded.text == text
    assert decoded.damage is not None


def test_utf_8_with_strays_is_not_read_as_the_default_charset_of_servers() -> None:
    decoded = decode("Gâteau d'été".encode() + b" caf\xe9", ["iso-8859-1"])
    assert (decoded.text, decoded.charset) == ("Gâteau d'été café", "utf-8")


def test_a_page_that_contradicts_its_header_is_read_by_the_charset_that_gives_words() -> None:
    decoded = decode(RUSSIAN.encode("cp1251"), ["iso-8859-1", "windows-1251"])
    assert (decoded.text, decoded.damage) == (RUSSIAN, None)


def test_the_first_declared_charset_that_reads_the_bytes_wins() -> None:
    assert decode(RUSSIAN.encode("koi8-r"), ["koi8-r", "windows-1251"]).text == RUSSIAN
    assert decode(RUSSIAN.encode("koi8-r"), ["utf-8", "koi8-r"]).text == RUSSIAN


def test_a_few_stray_bytes_leave_the_rest_of_utf_8_as_it_is() -> None:
    decoded = decode(f"{RUSSIAN} caf".encode() + b"\xe9 \x80 \x81", ["utf-8"])
    assert decoded.text == f"{RUSSIAN} café € \x81"
    assert decoded.damage == "3 of its bytes are not UTF-8"


@pytest.mark.parametrize(
    "text", ["bread 🤖", "🤖🥖", f"{RUSSIAN} 🤖", "half \ud83e", f"\udd16 {GERMAN}"]
)
def test_surrogates_in_utf_8_become_their_characters_and_are_told(text: str) -> None:
    utf_16 = text.encode("utf-16-be", "surrogatepass")
    units = "".join(chr(int.from_bytes(utf_16[n : n + 2])) for n in range(0, len(utf_16), 2))
    decoded = decode(units.encode("utf-8", "surrogatepass"), ["utf-8"])
    assert decoded.text == text.encode("utf-8", "ignore").decode()
    assert "of its bytes are not UTF-8" in (decoded.damage or "")


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf" * 2, b"\xef\xbb\xbf" * 3])
def test_repeated_byte_order_marks_are_removed_and_reported(mark: bytes) -> None:
    decoded = decode(mark + GERMAN.encode())
    assert (decoded.text, decoded.damage) == (GERMAN, "it has more than one byte order mark")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("text/xml; charset=iso-8859-1", "iso-8859-1"),
        ('application/rss+xml; x=y; Charset = "UTF-8"', "UTF-8"),
        ("text/xml", None),
        ("", None),
    ],
)
def test_the_charset_of_a_header_is_found(header: str, expected: str | None) -> None:
    assert header_charset(header) == expected


@given(
    st.binary(max_size=400),
    st.lists(st.sampled_from([None, "utf-8", "gb2312", "utf-16", "iso-8859-1", "x"]), max_size=2),
    st.sampled_from([None, "ru", "zh", "xx"]),
)
def test_any_bytes_are_text_without_replacement_characters(
    body: bytes, declared: list[str | None], language: str | None
) -> None:
    text = decode(body, declared, language).text
    text.encode("utf-8", "strict")
    assert "\ufffd" not in text or "\ufffd".encode() in body or b"\xff\xfd" in body + body[::-1]
