"""Transcripts of days: finished rows are kept, publishers come first, ASR does the rest."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime

from podrec_assets.content.asr.contract import AsrEngine
from podrec_assets.content.asr.engine_choice import choose_engine
from podrec_assets.content.transcripts import choose
from podrec_assets.content.transcripts.retry_policy import is_due
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.asr_run import (
    ASSUMED_S,
    Asr,
    StartTranscriber,
    minutes,
    processes,
)
from podrec_assets.schemas import DEAD_LETTERS, TRANSCRIPTS
from podrec_assets.stores.delta import Lake

PARALLEL_FETCHES = 4
PARSING_CPU_S = 120.0
"""CPU seconds of a run that the publisher transcripts of one feed may take.

A thousand honest ones take about ten seconds.
"""


@dataclass
class Transcribed:
    """Rows of TRANSCRIPTS and DEAD_LETTERS for the days, and metadata of the run."""

    rows: list[dict] = field(default_factory=list)
    letters: list[dict] = field(default_factory=list)
    figures: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Known:
    """What exists for the episodes before any work.

    Attributes:
        kept: rows that are kept, on the episode's current day.
        letters: dead letters of kept rows.
        todo: episodes without a finished row, newest day first.
        attempts: failed attempts so far, by episode id.
    """

    kept: list[dict]
    letters: list[dict]
    todo: list[dict]
    attempts: dict[str, int]


@dataclass
class Publishers:
    """The publisher transcripts of one run; no feed can hold it up.

    Attributes:
        fetch: fetches an address.
        cpu_s: CPU seconds taken so far, by feed.
    """

    fetch: choose.Fetch
    cpu_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def transcript(self, episode: dict) -> choose.PublisherResult:
        """Returns the publisher's transcript; retryable once the feed has used its CPU time."""
        feed = episode["feed_url"]
        if self.cpu_s[feed] >= PARSING_CPU_S:
            reason = f"transcripts of {feed} took {PARSING_CPU_S:.0f} s of CPU time in this run"
            return choose.PublisherResult(None, [], reason, is_retryable=True)
        began = time.thread_time()
        try:
            return choose.publisher_transcript(episode, self.fetch)
        finally:
            self.cpu_s[feed] += time.thread_time() - began


def transcribe_days(
    connections: Connections,
    episodes: list[dict],
    now: datetime,
    redo: frozenset[str] = frozenset(),
    say: Callable[[str], None] = lambda _: None,
    start: StartTranscriber = processes,
) -> Transcribed:
    """Returns rows and dead letters of the episodes, ordered by day and id.

    Writes no table; results of ASR are stored as they come.

    Args:
        connections: lake, fetcher, downloads, stored results and settings.
        episodes: rows of EPISODES: all of the days that will be replaced.
        now: time of the run.
        redo: statuses whose rows are recomputed even if nothing changed.
        say: called with each line of progress.
        start: starts the transcriber, in this process or on Spark workers.

    Raises:
        SetupError: the configured ASR engine cannot be used.
    """
    settings, results, fetcher = connections.settings, connections.asr_results, connections.fetcher
    engine = choose_engine(settings)
    known = look_up(connections.lake, episodes, now, engine, redo)
    rows, letters = list(known.kept), list(known.letters)
    asr = Asr(settings, results, connections.downloads, engine, now, known.attempts, start)
    publishers = Publishers(fetcher.get)
    with ThreadPoolExecutor(PARALLEL_FETCHES) as pool:
        publisher_results = list(pool.map(publishers.transcript, known.todo))
    for_asr = []
    for episode, publisher in zip(known.todo, publisher_results, strict=True):
        letters += publisher.dead_letters
        if row := publisher.row or asr.row_without_asr(episode, publisher):
            rows.append(row)
        else:
            for_asr.append(episode | {"why": publisher.reason})
    asr_rows, asr_letters = asr.rows(for_asr, say)
    rows = sorted(rows + asr_rows, key=lambda r: (r["day"], r["episode_id"]))
    results.prune(now.timestamp())
    return Transcribed(
        rows,
        sorted(letters + asr_letters, key=lambda x: (x["day"], x["source_key"], x["reason"])),
        figures(rows, episodes) | asr.figures | {"kept_count": len(known.kept)},
    )


def look_up(
    lake: Lake,
    episodes: list[dict],
    now: datetime,
    engine: AsrEngine | None,
    redo: frozenset[str] = frozenset(),
) -> Known:
    """Determines which of the episodes have a row that is kept.

    The kept row of a re-announced episode is given its new day.
    """
    rows = _rows_of_same_inputs(lake, episodes)
    kept = [
        rows[e["episode_id"]] | {"day": e["day"]}
        for e in episodes
        if e["episode_id"] in rows and not is_due(rows[e["episode_id"]], now, engine, redo)
    ]
    days = {r["episode_id"]: r["day"] for r in kept}
    todo = sorted(
        (e for e in episodes if e["episode_id"] not in days), key=lambda e: e["episode_id"]
    )
    attempts = {
        name: row["attempts"] or 0
        for name, row in rows.items()
        if row["status"] == "failed" and "failed" not in redo
    }
    newest_first = sorted(todo, key=lambda e: e["day"], reverse=True)
    return Known(kept, _letters_of(lake, days), newest_first, attempts)


def _rows_of_same_inputs(lake: Lake, episodes: list[dict]) -> dict[str, dict]:
    """Returns, by episode id, the newest row made from the episode's current inputs."""
    hashes = {e["episode_id"]: choose.input_hash(e) for e in episodes}
    index = lake.read(TRANSCRIPTS.name, columns=("day", "episode_id", "input_hash")).to_pylist()
    days = {r["day"] for r in index if hashes.get(r["episode_id"]) == r["input_hash"]}
    if not days:
        return {}
    # An episode that was announced again may have rows on several days.
    rows = lake.read_days(TRANSCRIPTS.name, days).sort_by("day").to_pylist()
    return {r["episode_id"]: r for r in rows if hashes.get(r["episode_id"]) == r["input_hash"]}


def _letters_of(lake: Lake, days: dict[str, date]) -> list[dict]:
    """Returns the dead letters of episodes, on the episodes' days."""
    letters = {}
    for letter in lake.read(DEAD_LETTERS.name, f"stage = '{choose.STAGE}'").to_pylist():
        episode = letter["source_key"].partition(" ")[0]
        if episode in days:
            letters[letter["source_key"], letter["reason"]] = letter | {"day": days[episode]}
    return list(letters.values())


def figures(rows: list[dict], episodes: list[dict]) -> dict:
    """Returns metadata of the rows: counts by status and engine, and minutes of audio."""
    lengths = {e["episode_id"]: e["duration_s"] or 0.0 for e in episodes}
    statuses = Counter(r["status"] for r in rows)
    engines = Counter(r["engine"] for r in rows if r["engine"])
    saved = (lengths[r["episode_id"]] for r in rows if r["source"] == "publisher")
    over_budget = [r["episode_id"] for r in rows if r["status"] == "over_budget"]
    return {
        **{f"{status}_count": count for status, count in statuses.items()},
        "rows_by_engine": dict(sorted(engines.items())),
        "asr_minutes_saved": minutes(saved),
        "left_over_count": len(over_budget),
        "left_over_minutes": minutes(lengths[e] or ASSUMED_S for e in over_budget),
        "retry_count": sum(r["next_attempt_at"] is not None for r in rows),
    }
