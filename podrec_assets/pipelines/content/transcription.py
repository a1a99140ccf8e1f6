"""The transcripts of some days: what is finished is kept, publishers are asked first, ASR does the
rest within its budget.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

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
from podrec_assets.schemas import TRANSCRIPTS
from podrec_assets.stores.delta import Lake

PARALLEL_FETCHES = 4


@dataclass
class Transcribed:
    """Rows of TRANSCRIPTS and DEAD_LETTERS for the days, and figures of what was done for them."""

    rows: list[dict] = field(default_factory=list)
    letters: list[dict] = field(default_factory=list)
    figures: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Known:
    """What is known of the episodes before any work.

    Attributes:
        kept: rows that stay, on the episode's present day.
        letters: dead letters of kept rows.
        todo: episodes to work on, newest day first.
        attempts: failed attempts so far, by episode id.
    """

    kept: list[dict]
    letters: list[dict]
    todo: list[dict]
    attempts: dict[str, int]


def transcribe_days(
    connections: Connections,
    episodes: list[dict],
    now: datetime,
    redo: frozenset[str] = frozenset(),
    say: Callable[[str], None] = lambda _: None,
    start: StartTranscriber = processes,
) -> Transcribed:
    """Rows and dead letters of the episodes, ordered by day and id. Writes no table; results of ASR
    are kept as they come.

    Args:
        connections: stores and settings.
        episodes: rows of EPISODES, all of the days that will be replaced.
        now: this time.
        redo: statuses whose rows are made again though nothing changed.
        say: told of progress.
        start: gives what transcribes, here or elsewhere.

    Raises:
        SetupError: the ASR engine that the settings name cannot be used.
    """
    settings = connections.settings
    engine = choose_engine(settings)
    known = look_up(connections.lake, episodes, now, engine, redo)
    found = Transcribed(list(known.kept), list(known.letters))
    asr = Asr(connections, engine, now, known.attempts, start)
    fetcher = connections.fetcher
    with ThreadPoolExecutor(PARALLEL_FETCHES) as pool:
        answers = list(pool.map(lambda e: choose.publisher_transcript(e, fetcher.get), known.todo))
    spoken = []
    for episode, answer in zip(known.todo, answers, strict=True):
        found.letters += answer.dead_letters
        if answer.row:
            found.rows.append(answer.row)
        elif row := asr.without(episode, answer):
            found.rows.append(row)
        else:
            spoken.append(episode | {"why": answer.reason})
    rows, letters = asr.rows(spoken, say)
    found.rows = sorted(found.rows + rows, key=lambda r: (r["day"], r["episode_id"]))
    found.letters = sorted(
        found.letters + letters, key=lambda x: (x["day"], x["source_key"], x["reason"])
    )
    found.figures = figures(found.rows, episodes) | asr.figures | {"kept_count": len(known.kept)}
    connections.recognitions.prune(now.timestamp())
    return found


def look_up(
    lake: Lake,
    episodes: list[dict],
    now: datetime,
    engine: AsrEngine | None,
    redo: frozenset[str] = frozenset(),
) -> Known:
    """Which of the episodes have a row that stays. A re-announced episode takes its row along to
    its new day.
    """
    hashes = {e["episode_id"]: choose.input_hash(e) for e in episodes}
    places = lake.read(TRANSCRIPTS.name, columns=("day", "episode_id", "input_hash")).to_pylist()
    days = {p["day"] for p in places if hashes.get(p["episode_id"]) == p["input_hash"]}
    rows: dict[str, dict] = {}
    # An episode that was announced again may stand on several days: its newest row counts.
    for row in lake.read_days(TRANSCRIPTS.name, days).sort_by("day").to_pylist() if days else ():
        if hashes.get(row["episode_id"]) == row["input_hash"]:
            rows[row["episode_id"]] = row
    kept = [
        rows[e["episode_id"]] | {"day": e["day"]}
        for e in episodes
        if e["episode_id"] in rows and not is_due(rows[e["episode_id"]], now, engine, redo)
    ]
    stay = {r["episode_id"]: r["day"] for r in kept}
    where = f"stage = '{choose.STAGE}'"
    letters = [
        x | {"day": stay[x["source_key"].partition(" ")[0]]}
        for x in lake.read("dead_letters", where).to_pylist()
        if x["source_key"].partition(" ")[0] in stay
    ]
    unique = {(x["source_key"], x["reason"]): x for x in letters}
    todo = sorted(
        (e for e in episodes if e["episode_id"] not in stay), key=lambda e: e["episode_id"]
    )
    attempts = {
        name: row["attempts"] or 0
        for name, row in rows.items()
        if row["status"] == "failed" and "failed" not in redo
    }
    return Known(
        kept, list(unique.values()), sorted(todo, key=lambda e: e["day"], reverse=True), attempts
    )


def figures(rows: list[dict], episodes: list[dict]) -> dict:
    """Metadata of a day's rows: how many of each status and engine, and the minutes of audio that
    publishers saved ASR.
    """
    lengths = {e["episode_id"]: e["duration_s"] or 0.0 for e in episodes}
    left = [r for r in rows if r["status"] == "over_budget"]
    return {
        **{
            f"{status}_count": count for status, count in Counter(r["status"] for r in rows).items()
        },
        "rows_by_engine": dict(sorted(Counter(r["engine"] for r in rows if r["engine"]).items())),
        "asr_minutes_saved": minutes(
            lengths[r["episode_id"]] for r in rows if r["source"] == "publisher"
        ),
        "left_over_count": len(left),
        "left_over_minutes": minutes(lengths[r["episode_id"]] or ASSUMED_S for r in left),
        "retry_count": sum(r["next_attempt_at"] is not None for r in rows),
    }
