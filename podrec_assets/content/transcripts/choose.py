"""Chooses an episode's transcript: the publisher's best usable one, or else the ASR result.

Pure except for the `fetch` function that is passed in.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from podrec_assets.content.asr.contract import AsrEngine, Recognition
from podrec_assets.content.feeds.feed_values import primary_subtag
from podrec_assets.content.transcripts.asr_quality import suspicions
from podrec_assets.content.transcripts.formats import (
    Transcript,
    TranscriptError,
    detect_format,
    parse_transcript,
)
from podrec_assets.content.words import word_count
from podrec_assets.errors import PodrecError, RetryableError
from podrec_assets.schemas import TRANSCRIPTS, dead_letter

STAGE = TRANSCRIPTS.name
MIN_WORDS_A_MINUTE = 20
MIN_TIMED_SHARE = 0.5
"""A timed transcript that ends before this share of the audio is only its beginning."""
MAX_LINKS = 10
"""Links of an episode that are tried."""
PREFERENCE = ("json", "vtt", "srt", "html", "text")
NO_SPEECH = "no_speech"


class Page(Protocol):
    """A fetched page."""

    @property
    def content_type(self) -> str: ...
    @property
    def body(self) -> bytes: ...


Fetch = Callable[[str], Page]


@dataclass(frozen=True)
class PublisherResult:
    """The result of trying the publisher's links.

    Attributes:
        row: TRANSCRIPTS row of the best usable transcript; None where there is none.
        dead_letters: one for each refused link.
        reason: why there is no row.
        is_retryable: whether a server was down, so that a later try may succeed.
    """

    row: dict | None
    dead_letters: list[dict] = field(default_factory=list)
    reason: str = ""
    is_retryable: bool = False


def publisher_transcript(episode: dict, fetch: Fetch) -> PublisherResult:
    """Returns the best usable transcript that the episode links."""
    dead_letters, outages = [], []
    links = ordered_links(episode["transcripts"] or [], episode["language"])
    for link in links[:MAX_LINKS]:
        try:
            transcript = _fetch_usable(link, episode, fetch)
        except RetryableError as err:
            # Not a dead letter: the server may be up again at the next run.
            outages.append(str(err))
            continue
        except PodrecError as err:
            reason = getattr(err, "reason", "not_fetched")
            dead_letters.append(transcript_dead_letter(episode, link["url"], reason, str(err)))
            continue
        return PublisherResult(_publisher_row(episode, link, transcript), dead_letters)
    count = len(episode["transcripts"] or [])
    reason = (
        f"none of {count} publisher transcripts is usable" if count else "the publisher links none"
    )
    if len(links) > MAX_LINKS:
        reason += f", of which {MAX_LINKS} were tried"
    if outages:
        return PublisherResult(None, dead_letters, f"{reason}: {outages[0]}", is_retryable=True)
    return PublisherResult(None, dead_letters, reason)


def asr_transcript(episode: dict, recognition: Recognition) -> tuple[dict, list[dict]]:
    """Returns (the TRANSCRIPTS row of an ASR result, its dead letters).

    The status is ok, quarantined where the text is suspicious, or failed where there are no words.
    """
    columns = {
        "engine": recognition.engine,
        "source_url": episode["audio_url"],
        "language": recognition.language or episode["language"],
        "audio_s": recognition.audio_s,
    }
    if not recognition.text:
        reason = f"no speech was recognised in {recognition.audio_s:.0f} s of audio"
        return transcript_row(episode, "failed", reason, **columns, attempts=1), [
            transcript_dead_letter(episode, episode["audio_url"], NO_SPEECH, f"{reason}.")
        ]
    columns |= {
        "source": "asr",
        "text": recognition.text,
        "confidence": recognition.confidence,
        "segments": [
            {k: s[k] for k in ("start_s", "end_s", "text")} | {"speaker": None}
            for s in recognition.segments
        ],
    }
    signs = suspicions(recognition, episode["duration_s"], episode["language"])
    if not signs:
        return transcript_row(episode, "ok", None, **columns), []
    reason = "; ".join(s.detail for s in signs)
    return transcript_row(episode, "quarantined", reason, **columns), [
        transcript_dead_letter(episode, episode["audio_url"], s.code, f"{s.detail}.") for s in signs
    ]


def ordered_links(links: list[dict], language: str | None) -> list[dict]:
    """Returns the links with an address, each address once, in the order in which they are tried.

    The episode's language comes first, then whole transcripts before captions, then the formats
    by PREFERENCE.
    """

    def rank(link: dict) -> tuple:
        kind = detect_format(link.get("type"), link["url"])
        return (
            primary_subtag(link.get("language")) not in (None, language),
            link.get("rel") == "captions",
            PREFERENCE.index(kind) if kind else len(PREFERENCE),
            link["url"],
        )

    unique: dict[str, dict] = {}
    for link in sorted((link for link in links if link.get("url")), key=rank):
        unique.setdefault(link["url"], link)
    return list(unique.values())


def input_hash(episode: dict) -> str:
    """Returns a hash of the transcript's inputs: the episode's links and its audio."""
    return _hash([episode["transcripts"] or [], episode["audio_url"], episode["duration_s"]])


def recognition_key(episode: dict, engine: AsrEngine) -> str:
    """Returns the key under which the ASR result of an episode is stored.

    It holds what the feed says of the audio and the engine's version. It does not hold the audio
    itself: hosts insert other advertising at each download, and a stored result saves the download.
    """
    return _hash(
        [
            episode["audio_url"],
            episode["audio_bytes"],
            episode["duration_s"],
            episode["language"],
            engine.version,
        ],
    )


def transcript_row(episode: dict, status: str, reason: str | None, **columns: object) -> dict:
    """Returns a TRANSCRIPTS row of an episode; columns that are not given are empty."""
    text = columns.get("text")
    return {
        "day": episode["day"],
        "episode_id": episode["episode_id"],
        "status": status,
        "reason": reason,
        "source": None,
        "engine": None,
        "source_url": episode["audio_url"],
        "language": episode["language"],
        "text": None,
        "segments": [],
        "audio_s": None,
        "confidence": None,
        "is_low_quality": False,
        "attempts": 0,
        "next_attempt_at": None,
        "word_count": word_count(str(text)) if text else 0,
        "input_hash": input_hash(episode),
        **columns,
    }


def transcript_dead_letter(episode: dict, url: str | None, reason: str, detail: str) -> dict:
    """Returns the dead letter of a link or audio file that cannot be used."""
    key = f"{episode['episode_id']} {url or ''}"
    return dead_letter(episode["day"], STAGE, key, reason, detail)


def _publisher_row(episode: dict, link: dict, transcript: Transcript) -> dict:
    return transcript_row(
        episode,
        "ok",
        "; ".join(transcript.notes) or None,
        source="publisher",
        engine=transcript.engine,
        source_url=link["url"],
        segments=transcript.segments,
        language=primary_subtag(link.get("language")) or episode["language"],
        text=transcript.text,
    )


def _fetch_usable(link: dict, episode: dict, fetch: Fetch) -> Transcript:
    """Returns the transcript of a link. Raises TranscriptError where it is far too short."""
    page = fetch(link["url"])
    transcript = _parse(link, page, episode["language"])
    duration_s = episode["duration_s"]
    if not duration_s:
        return transcript
    words = word_count(transcript.text)
    if words < duration_s / 60 * MIN_WORDS_A_MINUTE:
        raise TranscriptError(
            "far_too_short",
            f"{link['url']} has {words} words for {duration_s / 60:.0f} minutes of audio.",
        )
    ends = [s["end_s"] for s in transcript.segments if s["end_s"] is not None]
    if ends and max(ends) < duration_s * MIN_TIMED_SHARE:
        raise TranscriptError(
            "far_too_short",
            f"{link['url']} ends at {max(ends):.0f} of {duration_s:.0f} seconds of audio.",
        )
    return transcript


def _parse(link: dict, page: Page, language: str | None) -> Transcript:
    """Returns the transcript of a page; one that fails in an unforeseen way is refused alone."""
    try:
        return parse_transcript(
            page.body,
            link.get("type") or page.content_type,
            link["url"],
            page.content_type,
            primary_subtag(link.get("language")) or language,
        )
    except PodrecError:
        raise
    except Exception as err:
        raise TranscriptError(
            "unreadable", f"{link['url']} cannot be read: {type(err).__name__}: {str(err)[:100]}."
        ) from err


def _hash(inputs: list) -> str:
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
