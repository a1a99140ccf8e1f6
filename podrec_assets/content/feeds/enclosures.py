"""Which of an item's files is the sound to listen to. Pure."""

from dataclasses import dataclass
from urllib.parse import urlsplit

AUDIO = {
    "mp3", "m4a", "m4b", "aac", "ogg", "oga", "opus", "wav", "flac", "mpga", "wma", "aif", "aiff",
    "amr", "mka", "weba", "mp2", "3ga",
}  # fmt: skip
VIDEO = {"mp4", "m4v", "mov", "webm", "mkv", "avi", "mpg", "mpeg", "ogv", "3gp", "wmv", "flv"}
_DOCUMENTS = {"pdf", "epub", "mobi", "doc", "docx", "zip", "torrent", "jpg", "jpeg", "png", "gif",
              "webp", "vtt", "srt"}  # fmt: skip
_VAGUE = {"", "application/octet-stream", "binary/octet-stream", "application/binary",
          "application/download", "application/force-download", "application/x-download",
          "application/unknown", "content/unknown", "unknown/unknown"}  # fmt: skip
"""Types that say nothing of the content."""
_NOT_SOUND = ("mpegurl", "scpls", "x-ms-asx")
"""Parts of the types of playlists."""
_SOUND, _PICTURE, _UNKNOWN, _CONTRADICTORY = range(4)


@dataclass(frozen=True)
class Enclosure:
    """A file that an item links.

    Attributes:
        url: address as written.
        kind: MIME type as written, "" for none.
        length: bytes as written.
        medium: audio, video, image or document, of Media RSS; "" for none.
    """

    url: str
    kind: str = ""
    length: str = ""
    medium: str = ""


def best_enclosure(enclosures: list[Enclosure]) -> Enclosure | None:
    """Returns the audio: by its type, or else by the ending of its address; or else the video.

    Of equals, one that states a type, then the first.
    """
    ranked = [(_rank(e), not e.kind, n) for n, e in enumerate(enclosures)]
    best = min(((r, bare, n) for r, bare, n in ranked if r is not None), default=None)
    return enclosures[best[2]] if best else None


def _rank(enclosure: Enclosure) -> int | None:
    """Returns how likely a file is the sound, 0 the most; None for a document or picture."""
    kind = enclosure.kind.partition(";")[0].strip().lower()
    medium = enclosure.medium.strip().lower()
    ending = _ending(enclosure.url)
    if not enclosure.url.strip() or any(part in kind for part in _NOT_SOUND):
        return None
    if kind.startswith("audio/") or kind in AUDIO | {"audio", "application/ogg"}:
        return _CONTRADICTORY if ending in _DOCUMENTS else _SOUND
    if kind.startswith("video/") or kind in VIDEO | {"video", "application/mp4"}:
        return _PICTURE
    by_ending = _SOUND if ending in AUDIO else _PICTURE if ending in VIDEO else None
    if kind in _VAGUE or "/" not in kind:
        by_medium = {"audio": _SOUND, "video": _PICTURE}.get(medium)
        if by_medium is not None or medium:
            return by_medium
        return by_ending if by_ending is not None else None if ending else _UNKNOWN
    return _CONTRADICTORY if by_ending is not None and not kind.startswith("image/") else None


def _ending(url: str) -> str:
    """Returns the ending of an address's path, e.g. mp3; "" for none."""
    try:
        name = urlsplit(url.strip()).path.rpartition("/")[2]
    except ValueError:
        return ""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return ending if ending.isalnum() and len(ending) <= 5 and not ending.isdigit() else ""
