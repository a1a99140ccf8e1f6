"""Values in feeds as their columns store them: None for whatever cannot be read. Pure."""

import re
from calendar import timegm
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from podrec_assets.content.html_text import clean


def duration_seconds(duration: object) -> float | None:
    """Returns the seconds of an itunes:duration: '3600', '61.5', 'MM:SS' or 'HH:MM:SS'.

    None for anything else and for 0.
    """
    parts = str(duration or "").strip().split(":")
    if not 1 <= len(parts) <= 3 or not all(re.fullmatch(r"\d{1,7}(\.\d{1,9})?", p) for p in parts):
        return None
    total = 0.0
    for part in parts:
        total = total * 60 + float(part)
    return total or None


def primary_subtag(language: object) -> str | None:
    """Returns 'en' for 'en-US' or 'EN_us'; None for text that is no language tag."""
    tag = re.split(r"[-_]", str(language or "").strip().lower(), maxsplit=1)[0]
    return tag if re.fullmatch(r"[a-z]{2,3}", tag) else None


def publication_time(entry: Any) -> datetime | None:
    """Returns when an entry of feedparser was published, or else updated."""
    parsed = entry.get("published_parsed") or entry.get("updated_parsed")
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, TypeError, OverflowError):
        return None


def whole_number(value: object, limit: int) -> int | None:
    """Returns a whole number from 0 up to, but not including, the limit."""
    text = str(value or "").strip()
    return int(text) if re.fullmatch(r"\d{1,18}", text, re.A) and int(text) < limit else None


def http_address(url: object, base: str) -> str | None:
    """Returns an absolute http(s) address; a relative one is joined to the base."""
    try:
        joined = urljoin(base, clean(str(url)).strip()) if url else ""
    except ValueError:
        return None
    return joined if joined.lower().startswith(("http://", "https://")) else None
