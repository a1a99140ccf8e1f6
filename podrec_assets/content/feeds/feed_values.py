"""Values in feeds as their columns store them: None for whatever cannot be read. Pure."""

import re
from urllib.parse import urljoin

from podrec_assets.content.html_text import clean
from podrec_assets.redaction import without_credentials

_CLOCK = re.compile(r"\d{1,7}(?:\.\d{1,9})?(?::\d{1,7}(?:\.\d{1,9})?){0,9}")
_THOUSANDS = re.compile(r"(\d{1,3}(?:,\d{3})+)(?:\.\d{1,9})?")
_UNIT = re.compile(r"(:\d+)\s*(hours?|hrs?|h|min|minutes|m)\.?$")
"""Of a clock, e.g. 45:00 min."""
_SPOKEN = re.compile(
    r"(?:pt|p)?(?:(?P<h>\d{1,4}(?:\.\d{1,9})?)h(?:(?:ou)?rs?)?)?"
    r"(?:(?P<m>\d{1,6}(?:\.\d{1,9})?)(?:m(?:in(?:ute)?s?)?|'|(?(h)(?=$)|(?!))))?"
    r"(?:(?P<s>\d{1,7}(?:\.\d{1,9})?)(?:s(?:ec(?:ond)?s?)?|''|\"))?"
)
_LONGEST = 60


def duration_seconds(duration: object) -> float | None:
    """Returns the seconds of an itunes:duration, which Apple defines as seconds or HH:MM:SS.

    What follows the third number of a clock is ignored, as Apple does. `3,600`, `1h 2m`, `45 min`
    and `PT1H` are read too. None for anything else and for 0.
    """
    text = str(duration or "").strip().lower()[: _LONGEST + 1]
    if not text or len(text) > _LONGEST:
        return None
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    text = re.sub(r"(\d),(\d{1,2}|\d{4,9})$", r"\1.\2", text)
    if clock := _CLOCK.fullmatch(_UNIT.sub(r"\1", text)):
        total = 0.0
        for part in clock[0].split(":")[:3]:
            total = total * 60 + float(part)
        return total or None
    spoken = _SPOKEN.fullmatch(re.sub(r"[\s,]+|\.(?!\d)|and", "", text))
    if not spoken or not any(spoken.groups()):
        return None
    hours, minutes, seconds = (float(part or 0) for part in spoken.group("h", "m", "s"))
    return hours * 3600 + minutes * 60 + seconds or None


def primary_subtag(language: object) -> str | None:
    """Returns 'en' for 'en-US' or 'EN_us'; None for text that is no language tag."""
    tag = re.split(r"[-_]", str(language or "").strip().lower(), maxsplit=1)[0]
    return tag if re.fullmatch(r"[a-z]{2,3}", tag) else None


def whole_number(value: object, limit: int) -> int | None:
    """Returns a whole number from 0 up to, but not including, the limit."""
    text = str(value or "").strip()
    return int(text) if re.fullmatch(r"\d{1,18}", text, re.A) and int(text) < limit else None


def joined_address(url: object, base: str) -> str:
    """Returns an address joined to a base; "" for none or for text that is no address."""
    try:
        return urljoin(base, clean(str(url)).strip()) if url else ""
    except ValueError:
        return ""


def http_address(url: object, base: str) -> str | None:
    """Returns an absolute http(s) address without user name and password.

    A relative one is joined to the base.
    """
    joined = without_credentials(joined_address(url, base))
    return joined if joined.lower().startswith(("http://", "https://")) else None
