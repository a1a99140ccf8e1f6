"""What becomes of an episode's transcript: publisher links in order of preference, or a status with a reason.

Pure but for the `fetch` that it is given.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Protocol

from podrec_assets.content.feeds import primary_subtag
from podrec_assets.content.transcript_formats import Transcript, TranscriptError, format_of, parse_transcript
from podrec_assets.errors import PodrecError, RetryableError

STAGE = "transcripts"
PARALLEL_FETCHES = 4
MIN_WORDS_A_MINUTE = 20
PREFERENCE = ("json", "vtt", "srt", "html", "text")
NO_ASR = "no ASR engine is installed yet"


class Page(Protocol):
    """What a fetch gives."""

    @property
    def content_type(self) -> str: ...
    @property
    def body(self) -> bytes: ...


Fetch = Callable[[str], Page]


def transcribe_all(episodes: list[dict], finished: Iterable[dict], fetch: Fetch) -> tuple[list[dict], list[dict]]:
    """(rows of TRANSCRIPTS, rows of DEAD_LETTERS) of the episodes, ordered by day and id; finished rows are used again."""
    done = {(r["episode_id"], r["input_hash"]): r for r in finished}
    ordered = sorted(episodes, key=lambda e: (e["day"], e["episode_id"]))

    def one(episode: dict) -> tuple[dict, list[dict]]:
        row = done.get((episode["episode_id"], input_hash(episode)))
        return ({**row, "day": episode["day"]}, []) if row else transcribe(episode, fetch)

    with ThreadPoolExecutor(PARALLEL_FETCHES) as pool:
        results = list(pool.map(one, ordered))
    return [row for row, _ in results], [letter for _, letters in results for letter in letters]


def transcribe(episode: dict, fetch: Fetch) -> tuple[dict, list[dict]]:
    """(the TRANSCRIPTS row of an episode, a dead letter for each transcript that was refused)."""
    letters: list[dict] = []
    for link in ordered_links(episode["transcripts"] or [], episode["language"]):
        try:
            transcript = _usable(link, episode["duration_s"], fetch)
        except PodrecError as err:
            # A server that is down now may be up at the next run: not unusable, only not there yet.
            if not isinstance(err, RetryableError):
                letters.append(
                    _letter(episode["day"], episode["episode_id"], link["url"], getattr(err, "reason", "not_fetched"), str(err))
                )
            continue
        language = primary_subtag(link.get("language")) or episode["language"]
        return _row(episode, "ok", None, transcript, link["url"], language), letters
    why = (
        f"none of {len(episode['transcripts'])} publisher transcripts is usable"
        if episode["transcripts"]
        else "the publisher links none"
    )
    status, reason = ("no_model", f"{why}; {NO_ASR}") if episode["audio_url"] else ("no_audio", f"{why}, and there is no audio")
    return _row(episode, status, reason, None, episode["audio_url"], episode["language"]), letters


def ordered_links(links: list[dict], language: str | None) -> list[dict]:
    """Links of known formats: the episode's language first, whole transcripts before captions, timed formats before others.

    An address that is linked twice counts once.
    """

    def rank(link: dict) -> tuple:
        kind = format_of(link.get("type"), link["url"])
        spoken = primary_subtag(link.get("language"))
        return (spoken not in (None, language), link.get("rel") == "captions", PREFERENCE.index(kind) if kind else 9, link["url"])

    ranked = sorted((link for link in links if link.get("url")), key=rank)
    unique: dict[str, dict] = {}
    for link in ranked:
        unique.setdefault(link["url"], link)
    return list(unique.values())


def input_hash(episode: dict) -> str:
    """What an episode's transcript is made from: its links and its audio."""
    made_from = [episode["transcripts"] or [], episode["audio_url"], episode["duration_s"]]
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


def _usable(link: dict, duration_s: float | None, fetch: Fetch) -> Transcript:
    page = fetch(link["url"])
    transcript = parse_transcript(page.body, link.get("type") or page.content_type, link["url"])
    words = len(transcript.text.split())
    if duration_s and words < duration_s / 60 * MIN_WORDS_A_MINUTE:
        raise TranscriptError("far_too_short", f"{link['url']} has {words} words for {duration_s / 60:.0f} minutes of audio.")
    return transcript


def _row(
    episode: dict, status: str, reason: str | None, transcript: Transcript | None, url: str | None, language: str | None
) -> dict:
    text = transcript.text if transcript else None
    return {
        "day": episode["day"],
        "episode_id": episode["episode_id"],
        "status": status,
        "reason": reason,
        "source": "publisher" if transcript else None,
        "engine": transcript.engine if transcript else None,
        "source_url": url,
        "language": language,
        "text": text,
        "segments": transcript.segments if transcript else [],
        "word_count": len(text.split()) if text else 0,
        "input_hash": input_hash(episode),
    }


def _letter(day: date, episode_id: str, url: str, reason: str, detail: str) -> dict:
    return {"day": day, "stage": STAGE, "source_key": f"{episode_id} {url}", "reason": reason, "detail": detail}
