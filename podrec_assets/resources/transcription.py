"""The transcripts of some days: what is finished is kept, publishers are asked first, ASR does the rest within its budget."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from threading import Semaphore

from podrec_assets.content import transcripts as pages
from podrec_assets.content.asr.choice import choose_engine
from podrec_assets.content.asr.contract import Engine, Recognition
from podrec_assets.content.asr.workers import Workers
from podrec_assets.content.retries import RetryPolicy, is_due
from podrec_assets.errors import PodrecError, RetryableError, SetupError
from podrec_assets.resources.connections import Connections
from podrec_assets.schemas import TRANSCRIPTS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.partial import Downloaded

PARALLEL_FETCHES = 4
ASSUMED_S = 45 * 60.0
"""Length of an episode whose feed gives none, until its audio is decoded."""
SWITCHED_OFF = "ASR is switched off"
Result = Recognition | PodrecError


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
) -> Transcribed:
    """Rows and dead letters of the episodes, ordered by day and id. Writes no table; results of ASR are kept as they come.

    Args:
        connections: stores and settings.
        episodes: rows of EPISODES, all of the days that will be replaced.
        now: this time.
        redo: statuses whose rows are made again though nothing changed.
        say: told of progress.

    Raises:
        SetupError: the ASR engine that the settings name cannot be used.
    """
    settings = connections.settings
    engine = choose_engine(settings)
    known = look_up(connections.lake, episodes, now, engine, redo)
    found = Transcribed(list(known.kept), list(known.letters))
    asr = Asr(connections, engine, now, known.attempts)
    fetcher = connections.fetcher
    with ThreadPoolExecutor(PARALLEL_FETCHES) as pool:
        answers = list(pool.map(lambda e: pages.published(e, fetcher.get), known.todo))
    spoken = []
    for episode, answer in zip(known.todo, answers, strict=True):
        found.letters += answer.letters
        if answer.row:
            found.rows.append(answer.row)
        elif row := asr.without(episode, answer):
            found.rows.append(row)
        else:
            spoken.append(episode | {"why": answer.why})
    rows, letters = asr.rows(spoken, say)
    found.rows = sorted(found.rows + rows, key=lambda r: (r["day"], r["episode_id"]))
    found.letters = sorted(found.letters + letters, key=lambda x: (x["day"], x["source_key"], x["reason"]))
    found.figures = figures(found.rows, episodes) | asr.figures | {"kept_count": len(known.kept)}
    connections.recognitions.prune(now.timestamp())
    return found


def look_up(lake: Lake, episodes: list[dict], now: datetime, engine: Engine | None, redo: frozenset[str] = frozenset()) -> Known:
    """Which of the episodes have a row that stays. A re-announced episode takes its row along to its new day."""
    hashes = {e["episode_id"]: pages.input_hash(e) for e in episodes}
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
    where = f"stage = '{pages.STAGE}'"
    letters = [
        x | {"day": stay[x["source_key"].partition(" ")[0]]}
        for x in lake.read("dead_letters", where).to_pylist()
        if x["source_key"].partition(" ")[0] in stay
    ]
    unique = {(x["source_key"], x["reason"]): x for x in letters}
    todo = sorted((e for e in episodes if e["episode_id"] not in stay), key=lambda e: e["episode_id"])
    attempts = {name: row["attempts"] or 0 for name, row in rows.items() if row["status"] == "failed" and "failed" not in redo}
    return Known(kept, list(unique.values()), sorted(todo, key=lambda e: e["day"], reverse=True), attempts)


def figures(rows: list[dict], episodes: list[dict]) -> dict:
    """Metadata of a day's rows: how many of each status and engine, and the minutes of audio that publishers saved ASR."""
    lengths = {e["episode_id"]: e["duration_s"] or 0.0 for e in episodes}
    left = [r for r in rows if r["status"] == "over_budget"]
    return {
        **{f"{status}_count": count for status, count in Counter(r["status"] for r in rows).items()},
        "rows_by_engine": dict(sorted(Counter(r["engine"] for r in rows if r["engine"]).items())),
        "asr_minutes_saved": _minutes(lengths[r["episode_id"]] for r in rows if r["source"] == "publisher"),
        "left_over_count": len(left),
        "left_over_minutes": _minutes(lengths[r["episode_id"]] or ASSUMED_S for r in left),
        "retry_count": sum(r["next_attempt_at"] is not None for r in rows),
    }


@dataclass
class Asr:
    """Speech recognition within one run.

    Attributes:
        connections: stores and settings.
        engine: what transcribes; None where ASR is off.
        now: time of the run.
        attempts: failed attempts so far, by episode id.
        figures: what was done.
    """

    connections: Connections
    engine: Engine | None
    now: datetime
    attempts: dict[str, int]
    figures: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = self.settings
        self.policy = RetryPolicy(settings.asr_max_attempts, timedelta(minutes=settings.asr_retry_minutes))
        self.results = self.connections.recognitions

    @property
    def settings(self) -> Settings:
        return self.connections.settings

    def without(self, episode: dict, answer: pages.Published) -> dict | None:
        """The row of an episode that ASR is not asked for; None where it is."""
        tried = self.attempts.get(episode["episode_id"], 0) + 1
        if answer.is_passing and (following := self.policy.next_attempt(tried, self.now)):
            return pages.row(episode, "failed", answer.why, attempts=tried, next_attempt_at=following)
        if not episode["audio_url"]:
            return pages.row(episode, "no_audio", f"{answer.why}, and there is no audio")
        if self.engine is None:
            return pages.row(episode, "no_model", f"{answer.why}; {SWITCHED_OFF}")
        if not self.engine.speaks(episode["language"]):
            why = f"{answer.why}; {self.engine.name} has no model for {episode['language']}"
            return pages.row(episode, "no_model", why)
        return None

    def rows(self, episodes: list[dict], say: Callable[[str], None]) -> tuple[list[dict], list[dict]]:
        """(rows, dead letters) of the episodes: known results, then new ones as far as the budget goes, then over_budget."""
        if not episodes or self.engine is None:
            return [], []
        keys = {e["episode_id"]: pages.recognition_key(e, self.engine) for e in episodes}
        results: dict[str, Result] = {}
        for name, key in keys.items():
            if stored := self.results.get(key):
                results[name] = Recognition(**stored)
        cached, spent_s = len(results), 0.0
        while batch := take(
            [e for e in episodes if e["episode_id"] not in results], self.settings.asr_minutes_per_run * 60, spent_s
        ):
            say(
                f"transcribing {len(batch)} episodes, about {_minutes(map(_length, batch)):.0f} minutes, by {self.engine.version}"
            )
            new = dict(self._recognise(batch, keys, say))
            results |= new
            spent_s += sum(r.audio_s for r in new.values() if isinstance(r, Recognition))
        made = [self._row(e, results.get(e["episode_id"])) for e in episodes]
        self.figures = {
            "asr_engine": self.engine.version,
            "asr_minutes": round(spent_s / 60, 1),
            "asr_cache_hits": cached,
            "asr_seconds_per_audio_second": round(self.results.real_time_factor(self.engine.version) or 0.0, 3),
        }
        return [row for row, _ in made], [x for _, letters in made for x in letters]

    def _row(self, episode: dict, result: Result | None) -> tuple[dict, list[dict]]:
        assert self.engine
        if result is None:
            why = f"{episode['why']}; the {self.settings.asr_minutes_per_run:g} ASR minutes of the run were used up"
            return pages.row(episode, "over_budget", why), []
        if isinstance(result, Recognition):
            return pages.recognised(episode, self.engine, result)
        tried = self.attempts.get(episode["episode_id"], 0) + 1
        following = self.policy.next_attempt(tried, self.now) if isinstance(result, RetryableError) else None
        row = pages.row(episode, "failed", str(result), attempts=tried, next_attempt_at=following)
        # What is tried again is not unusable yet.
        code = getattr(result, "reason", "failed")
        return row, [] if following else [pages.letter(episode, episode["audio_url"], code, str(result))]

    def _recognise(self, batch: list[dict], keys: dict[str, str], say: Callable[[str], None]) -> Iterator[tuple[str, Result]]:
        """(episode id, result) of each episode of the batch. Files are downloaded while others are transcribed."""
        assert self.engine
        settings, downloads, known = self.settings, self.connections.downloads, {e["episode_id"]: e for e in batch}
        limits = (settings.asr_max_audio_minutes * 60, settings.asr_memory_mb, settings.asr_stall_s)
        # One file may wait beside those that are transcribed; more would only fill the disk.
        room, futures = Semaphore(settings.asr_workers + 1), dict[str, Future[Result]]()
        with Workers(self.engine, settings.asr_workers, *limits) as workers, ThreadPoolExecutor(settings.asr_workers) as pool:

            def one(episode: dict, got: Downloaded) -> Result:
                try:
                    return self._transcribe(workers, episode, keys[episode["episode_id"]], got, say)
                finally:
                    downloads.release(got)
                    room.release()

            for name, got in downloads.fetch((e["episode_id"], e["audio_url"]) for e in batch):
                if isinstance(got, PodrecError):
                    self.results.note("failed", episode_id=name, reason=str(got))
                    yield name, got
                    continue
                room.acquire()
                futures[name] = pool.submit(one, known[name], got)
            for name, future in futures.items():
                yield name, future.result()

    def _transcribe(self, workers: Workers, episode: dict, key: str, got: Downloaded, say: Callable[[str], None]) -> Result:
        name = episode["episode_id"]
        facts = {"episode_id": name, "key": key, "engine": workers.engine.version}
        self.results.note("begun", **facts)
        try:
            found = workers.transcribe(got.path, episode["language"])
        except SetupError:
            raise
        except PodrecError as err:
            self.results.note("failed", **facts, reason=str(err))
            return err
        self.results.put(key, asdict(found))
        self.results.note("done", **facts, audio_s=found.audio_s, compute_s=found.compute_s)
        say(f"{name}: {found.audio_s / 60:.1f} minutes in {found.compute_s / 60:.1f}")
        return found


def take(episodes: list[dict], budget_s: float, spent_s: float) -> list[dict]:
    """The first episodes whose announced lengths fit what is left of the budget.

    One that is longer than a whole budget is taken when nothing was spent yet, or it would never be.
    """
    taken: list[dict] = []
    for episode in episodes:
        if spent_s + _length(episode) > budget_s and (taken or spent_s or not budget_s):
            break
        taken.append(episode)
        spent_s += _length(episode)
    return taken


def _length(episode: dict) -> float:
    return episode["duration_s"] or ASSUMED_S


def _minutes(seconds) -> float:
    return round(sum(seconds) / 60, 1)
