"""Publication times as feeds write them: RFC 5322, ISO 8601 and their variants. Pure.

Weekdays are ignored, because many are wrong. A time without a zone is UTC, and so is one with
letters that RFC 5322 does not name (CEST): such letters mean different zones in different places.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january janv janvier januar janner ene enero gen gennaio janeiro januari januarie "
            "sty stycznia янв января led ledna oca ocak tammi",
            "feb february fevr fevrier februar febr febrero febbraio fev fevereiro februari lut "
            "lutego фев февр февраля uno unora sub subat helmi",
            "mar march mars marz mrz marzo marco mrt maart marts marca мар марта bre brezna mart "
            "maalis",
            "apr april avr avril abr abril aprile kwi kwietnia апр апреля dub dubna nis nisan "
            "huhti",
            "may mai mayo mag maggio maio mei maj maja мая маи kve kvetna mayis touko",
            "jun june juin juni junio giu giugno junho cze czerwca июн июня cer cervna haz haziran "
            "kesa",
            "jul july juil juillet juli julio lug luglio julho lip lipca июл июля cvc cervence tem "
            "temmuz heina",
            "aug august aout ago agosto augustus augusti sie sierpnia авг августа srp srpna agu "
            "agustos elo",
            "sep sept september septembre septiembre set sett settembre setembro wrz wrzesnia сен "
            "сент сентября zar zari eyl eylul syys",
            "oct october okt oktober octobre octubre ott ottobre out outubro paz pazdziernika окт "
            "октября rij rijna eki ekim loka",
            "nov november novembre noviembre novembro lis listopada ноя нояб ноября listopadu kas "
            "kasim marras",
            "dec december decembre dez dezember dic diciembre dicembre dezembro gru grudnia дек "
            "декабря pro prosince ara aralik joulu",
        ),
        start=1,
    )
    for name in names.split()
}
"""Months without accents, in the languages of most feeds."""
_ZONES = {"edt": -4, "est": -5, "cdt": -5, "cst": -6, "mdt": -6, "mst": -7, "pdt": -7, "pst": -8}
"""Hours from UTC of the zones that RFC 5322 names."""
_COMMENT = re.compile(r"\([^()]*\)")
_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T\s]+|$)(.*)", re.I)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})\s*(.*)")
_COMPACT = re.compile(
    r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?)?(Z|[+-]\d{2}:?\d{2})?", re.I
)
_CLOCK = re.compile(
    r"(\d{1,2})(?=[:.]\d\d?(?!\d)|\s?h(?![^\W\d_])|\s?[ap]\.?m(?![a-z]))"
    r"(?:[:.]|\s?h\s?)?(\d{1,2}(?!\d))?(?:[:.](\d{1,2}(?!\d))(?:[.,]\d{1,9})?)?"
    r"\s*([ap]\.?m\.?(?![a-z]))?",
    re.I,
)
_OFFSET = re.compile(r"([+\-\u2212])(\d{1,2})(?::?(\d{2}))?(?!\d)")
_SECONDS = re.compile(r"\d{9,10}|\d{12,13}")
LONGEST = 100
"""Longest text that is a date, in characters."""


def feed_time(text: str | None) -> datetime | None:
    """Returns the time that a text means, in UTC; None where it means none."""
    text = " ".join(_COMMENT.sub(" ", (text or "")[: LONGEST + 1]).split())
    if not text or len(text) > LONGEST:
        return None
    try:
        return _numeric(text) or _written(text)
    except (ValueError, OverflowError):
        return None


def _numeric(text: str) -> datetime | None:
    """Returns a time that has no words, e.g. `2020-05-16T09:00:00Z`."""
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text) / (1000 if len(text) > 10 else 1), UTC)
    if compact := _COMPACT.fullmatch(text):
        year, month, day, hour, minute, second, zone = compact.groups(default="")
        clock = f"{hour or '0'}:{minute or '00'}:{second or '00'}{zone}"
        return _time((int(year), int(month), int(day)), clock, True)
    if iso := _ISO.fullmatch(text):
        return _time((int(iso[1]), int(iso[3]), int(iso[4])), iso[5], True)
    if dotted := _DOTTED.fullmatch(text):
        return _time((int(dotted[3]), int(dotted[2]), int(dotted[1])), dotted[4], False)
    return None


def _written(text: str) -> datetime | None:
    """Returns a time with the month as a word, e.g. `Sat, 16 May 2020 09:00 GMT`."""
    clock = _CLOCK.search(text)
    words = re.findall(r"[^\W\d_]+|\d+", text[: clock.start()] if clock else text)
    after = text[clock.start() :] if clock else ""
    if clock and (year := re.fullmatch(r"(.*?)\s(\d{4})", after)):  # Sat May 16 09:00:57 2020
        words, after = [*words, year[2]], year[1]
    months = [number for word in words if (number := _MONTHS.get(_folded(word)))]
    numbers = [word for word in words if word.isdecimal()]
    if not months or len(numbers) < 2:
        return None
    day, year_text = numbers[:2] if len(numbers[0]) <= 2 else numbers[1::-1]
    return _time((_full_year(year_text), months[-1], int(day)), after, False)


def _folded(word: str) -> str:
    """Returns a word in lower case without accents."""
    letters = unicodedata.normalize("NFKD", word.casefold().replace("\u0131", "i"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _full_year(text: str) -> int:
    """Returns the year of two, three or four digits, by RFC 5322, 4.3."""
    year = int(text)
    if len(text) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(text) == 3 else year


def _time(date: tuple[int, int, int], text: str, is_iso: bool) -> datetime:
    """Returns a date at a clock with an optional zone.

    Raises:
        ValueError: there is no such time.
    """
    at = datetime(*date, tzinfo=UTC)
    clock = _CLOCK.match(text.strip())
    if not clock:
        return at
    hour, minute, second = (int(part or 0) for part in clock.groups()[:3])
    if half := (clock[4] or "").lower()[:1]:
        if not 1 <= hour <= 12:
            raise ValueError(f"no hour {hour} {clock[4]}")
        hour = hour % 12 + (12 if half == "p" else 0)
    if is_iso and (hour, minute, second) == (24, 0, 0):  # the end of the day, in ISO 8601 alone
        hour, at = 0, at + timedelta(days=1)
    second = min(second, 59) if second == 60 else second  # a leap second
    zone = _zone(text.strip()[clock.end() :])
    return at.replace(hour=hour, minute=minute, second=second, tzinfo=zone).astimezone(UTC)


def _zone(text: str) -> timezone:
    if offset := _OFFSET.search(text):
        hours, minutes = int(offset[2]), int(offset[3] or 0)
        span = timedelta(hours=hours, minutes=minutes)
        return timezone(span if offset[1] == "+" else -span)
    return timezone(timedelta(hours=_ZONES.get(text.strip().casefold(), 0)))
