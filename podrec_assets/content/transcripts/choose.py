"""What becomes of an episode's transcript: publisher links in order of preference, ASR for the
rest, or a status with a reason.

Pure but for the `fetch` that it is given.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from podrec_assets.content.asr.contract import AsrEngine, Recognition
from podrec_assets.content.feeds.rss import primary_subtag
from podrec_assets.content.transcripts.asr_quality import Suspicion, suspicions
from podrec_assets.content.transcripts.formats import (
    Transcript,
    TranscriptError,
    detect_format,
    parse_transcript,
)
from podrec_assets.errors import PodrecError, RetryableError
from podrec_assets.schemas import TRANSCRIPTS, dead_letter

STAGE = TRANSCRIPTS.name
MIN_WORDS_A_MINUTE = 20
MIN_TIMED_SHARE = 0.5
"""A timed transcript that ends before this share of the audio is only its beginning."""
PREFERENCE = ("json", "vtt", "srt", "html", "text")
NO_SPEECH = "no_speech"


class Page(Protocol):
    """What a fetch gives."""

    @property
    def content_type(self) -> str: ...
    @property
    def body(self) -> bytes: ...


Fetch = Callable[[str], Page]


@dataclass(frozen=True)
class PublisherResult:
    """What the publisher's links gave.

    Attributes:
        row: the TRANSCRIPTS row of the best usable one; None where there is none.
        letters: a dead letter for each link that was refused.
        why: why there is none.
        is_passing: a server was down, so another try may find one.
    """

    row: dict | None
    dead_letters: list[dict] = field(default_factory=list)
    reason: str = ""
    is_retryable: bool = False


def publisher_transcript(episode: dict, fetch: Fetch) -> PublisherResult:
    """The best usable transcript that the publisher of an episode links."""
    letters, passing = [], []
    for link in ordered_links(episode["transcripts"] or [], episode["language"]):
        try:
            transcript = _usable(link, episode["duration_s"], fetch)
        except RetryableError as err:
            # A server that is down now may be up at the next run: not unusable, only not there yet.
            passing.append(str(err))
            continue
        except PodrecError as err:
            letters.append(
                transcript_dead_letter(
                    episode, link["url"], getattr(err, "reason", "not_fetched"), str(err)
                )
            )
            continue
        made = {
            "source": "publisher",
            "engine": transcript.engine,
            "source_url": link["url"],
            "segments": transcript.segments,
        }
        language = primary_subtag(link.get("language")) or episode["language"]
        return PublisherResult(
            transcript_row(episode, "ok", None, **made, language=language, text=transcript.text),
            letters,
        )
    count = len(episode["transcripts"] or [])
    why = (
        f"none of {count} publisher transcripts is usable" if count else "the publisher links none"
    )
    return PublisherResult(None, letters, f"{why}: {passing[0]}" if passing else why, bool(passing))


def asr_transcript(episode: dict, engine: AsrEngine, found: Recognition) -> tuple[dict, list[dict]]:
    """(the TRANSCRIPTS row of what ASR heard, its dead letters): ok, quarantined where it is
    suspicious, failed without words.
    """
    made = {
        "engine": found.engine,
        "source_url": episode["audio_url"],
        "language": found.language or episode["language"],
        "audio_s": found.audio_s,
        "is_low_quality": engine.is_low_quality,
    }
    if not found.text:
        why = f"no speech was recognised in {found.audio_s:.0f} s of audio"
        return transcript_row(episode, "failed", why, **made, attempts=1), [
            transcript_dead_letter(episode, episode["audio_url"], NO_SPEECH, f"{why}.")
        ]
    made |= {"source": "asr", "text": found.text, "confidence": found.confidence}
    made["segments"] = [
        {k: s[k] for k in ("start_s", "end_s", "text")} | {"speaker": None} for s in found.segments
    ]
    signs: list[Suspicion] = suspicions(
        found, episode["duration_s"], episode["language"], engine.is_low_quality
    )
    if not signs:
        return transcript_row(episode, "ok", None, **made), []
    why = "; ".join(s.detail for s in signs)
    return transcript_row(episode, "quarantined", why, **made), [
        transcript_dead_letter(episode, episode["audio_url"], s.code, f"{s.detail}.") for s in signs
    ]


def ordered_links(links: list[dict], language: str | None) -> list[dict]:
    """Links of known formats: the episode's language first, whole transcripts before captions,
    timed formats before others.

    An address that is linked twice counts once.
    """

    def rank(link: dict) -> tuple:
        kind = detect_format(link.get("type"), link["url"])
        spoken = primary_subtag(link.get("language"))
        return (
            spoken not in (None, language),
            link.get("rel") == "captions",
            PREFERENCE.index(kind) if kind else 9,
            link["url"],
        )

    ranked = sorted((link for link in links if link.get("url")), key=rank)
    unique: dict[str, dict] = {}
    for link in ranked:
        unique.setdefault(link["url"], link)
    return list(unique.values())


def input_hash(episode: dict) -> str:
    """What an episode's transcript is made from: its links and its audio."""
    return _hash([episode["transcripts"] or [], episode["audio_url"], episode["duration_s"]])


def recognition_key(episode: dict, engine: AsrEngine) -> str:
    """Name of the result of recognising an episode's audio: what the feed says of the audio, and
    the engine's version.

    Not the bytes: advertising is put into the same file anew at each download, and a known result
    saves the download too.
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


def transcript_row(episode: dict, status: str, reason: str | None, **made: object) -> dict:
    """A TRANSCRIPTS row of an episode; what is not given is empty."""
    text = made.get("text")
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
        "word_count": len(str(text).split()) if text else 0,
        "input_hash": input_hash(episode),
        **made,
    }


def transcript_dead_letter(episode: dict, url: str | None, reason: str, detail: str) -> dict:
    """The dead letter of something about an episode's transcript that cannot be used."""
    key = f"{episode['episode_id']} {url or ''}"
    return dead_letter(episode["day"], STAGE, key, reason, detail)


def _usable(link: dict, duration_s: float | None, fetch: Fetch) -> Transcript:
    page = fetch(link["url"])
    transcript = parse_transcript(page.body, link.get("type") or page.content_type, link["url"])
    words, ends = (
        len(transcript.text.split()),
        [s["end_s"] for s in transcript.segments if s["end_s"] is not None],
    )
    if duration_s and words < duration_s / 60 * MIN_WORDS_A_MINUTE:
        raise TranscriptError(
            "far_too_short",
            f"{link['url']} has {words} words for {duration_s / 60:.0f} minutes of audio.",
        )
    if duration_s and ends and max(ends) < duration_s * MIN_TIMED_SHARE:
        raise TranscriptError(
            "far_too_short",
            f"{link['url']} ends at {max(ends):.0f} of {duration_s:.0f} seconds of audio.",
        )
    return transcript


def _hash(made_from: list) -> str:
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
