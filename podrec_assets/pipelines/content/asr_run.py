"""Speech recognition within a run: what is known already, then as many minutes as the budget has,
kept as they come.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from threading import Semaphore

from podrec_assets.content.asr.contract import AsrEngine, Recognition, Transcriber
from podrec_assets.content.asr.worker_pool import WorkerPool
from podrec_assets.content.transcripts import choose
from podrec_assets.content.transcripts.retry_policy import RetryPolicy
from podrec_assets.errors import PodrecError, RetryableError, SetupError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.settings import Settings
from podrec_assets.stores.http.resumable import Downloaded

ASSUMED_S = 45 * 60.0
"""Length of an episode whose feed gives none, until its audio is decoded."""
SWITCHED_OFF = "ASR is switched off"
Result = Recognition | PodrecError
StartTranscriber = Callable[[AsrEngine, Settings], Transcriber]


def processes(engine: AsrEngine, settings: Settings) -> WorkerPool:
    """Transcribes in worker processes of this machine."""
    limits = (settings.asr_max_audio_minutes * 60, settings.asr_memory_mb, settings.asr_stall_s)
    return WorkerPool(engine, settings.asr_workers, *limits)


@dataclass
class Asr:
    """Speech recognition within one run.

    Attributes:
        connections: stores and settings.
        engine: what transcribes; None where ASR is off.
        now: time of the run.
        attempts: failed attempts so far, by episode id.
        start: gives what transcribes.
        figures: what was done.
    """

    connections: Connections
    engine: AsrEngine | None
    now: datetime
    attempts: dict[str, int]
    start: StartTranscriber
    figures: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = self.settings
        self.policy = RetryPolicy(
            settings.asr_max_attempts, timedelta(minutes=settings.asr_retry_minutes)
        )
        self.results = self.connections.recognitions

    @property
    def settings(self) -> Settings:
        return self.connections.settings

    def without(self, episode: dict, answer: choose.PublisherResult) -> dict | None:
        """The row of an episode that ASR is not asked for; None where it is."""
        tried = self.attempts.get(episode["episode_id"], 0) + 1
        if answer.is_retryable and (following := self.policy.next_attempt(tried, self.now)):
            return choose.transcript_row(
                episode, "failed", answer.reason, attempts=tried, next_attempt_at=following
            )
        if not episode["audio_url"]:
            return choose.transcript_row(
                episode, "no_audio", f"{answer.reason}, and there is no audio"
            )
        if self.engine is None:
            return choose.transcript_row(episode, "no_model", f"{answer.reason}; {SWITCHED_OFF}")
        if not self.engine.supports(episode["language"]):
            why = f"{answer.reason}; {self.engine.name} has no model for {episode['language']}"
            return choose.transcript_row(episode, "no_model", why)
        return None

    def rows(
        self, episodes: list[dict], say: Callable[[str], None]
    ) -> tuple[list[dict], list[dict]]:
        """(rows, dead letters) of the episodes: known results, then new ones as far as the budget
        goes, then over_budget.
        """
        if not episodes or self.engine is None:
            return [], []
        keys = {e["episode_id"]: choose.recognition_key(e, self.engine) for e in episodes}
        results: dict[str, Result] = {}
        for name, key in keys.items():
            if stored := self.results.get(key):
                results[name] = Recognition(**stored)
        cached, spent_s = len(results), 0.0
        while batch := take(
            [e for e in episodes if e["episode_id"] not in results],
            self.settings.asr_minutes_per_run * 60,
            spent_s,
        ):
            say(
                f"transcribing {len(batch)} episodes, about {minutes(map(_length, batch)):.0f} minutes, by {self.engine.version}"
            )
            new = dict(self._recognise(batch, keys, say))
            results |= new
            spent_s += sum(r.audio_s for r in new.values() if isinstance(r, Recognition))
        made = [self._row(e, results.get(e["episode_id"])) for e in episodes]
        self.figures = {
            "asr_engine": self.engine.version,
            "asr_minutes": round(spent_s / 60, 1),
            "asr_cache_hits": cached,
            "asr_seconds_per_audio_second": round(
                self.results.real_time_factor(self.engine.version) or 0.0, 3
            ),
        }
        return [row for row, _ in made], [x for _, letters in made for x in letters]

    def _row(self, episode: dict, result: Result | None) -> tuple[dict, list[dict]]:
        assert self.engine
        if result is None:
            why = f"{episode['why']}; the {self.settings.asr_minutes_per_run:g} ASR minutes of the run were used up"
            return choose.transcript_row(episode, "over_budget", why), []
        if isinstance(result, Recognition):
            return choose.asr_transcript(episode, self.engine, result)
        tried = self.attempts.get(episode["episode_id"], 0) + 1
        following = (
            self.policy.next_attempt(tried, self.now)
            if isinstance(result, RetryableError)
            else None
        )
        row = choose.transcript_row(
            episode, "failed", str(result), attempts=tried, next_attempt_at=following
        )
        # What is tried again is not unusable yet.
        code = getattr(result, "reason", "failed")
        return row, [] if following else [
            choose.transcript_dead_letter(episode, episode["audio_url"], code, str(result))
        ]

    def _recognise(
        self, batch: list[dict], keys: dict[str, str], say: Callable[[str], None]
    ) -> Iterator[tuple[str, Result]]:
        """(episode id, result) of each episode of the batch. Files are downloaded while others are
        transcribed.
        """
        assert self.engine
        settings, downloads, known = (
            self.settings,
            self.connections.downloads,
            {e["episode_id"]: e for e in batch},
        )
        # One file may wait beside those that are transcribed; more would only fill the disk.
        room, futures = Semaphore(settings.asr_workers + 1), dict[str, Future[Result]]()
        with (
            self.start(self.engine, settings) as transcriber,
            ThreadPoolExecutor(settings.asr_workers) as pool,
        ):

            def one(episode: dict, got: Downloaded) -> Result:
                try:
                    return self._transcribe(
                        transcriber, episode, keys[episode["episode_id"]], got, say
                    )
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

    def _transcribe(
        self,
        transcriber: Transcriber,
        episode: dict,
        key: str,
        got: Downloaded,
        say: Callable[[str], None],
    ) -> Result:
        assert self.engine
        name = episode["episode_id"]
        facts = {"episode_id": name, "key": key, "engine": self.engine.version}
        self.results.note("begun", **facts)
        try:
            found = transcriber.transcribe(got.path, episode["language"])
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

    One that is longer than a whole budget is taken when nothing was spent yet, or it would never
    be.
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


def minutes(seconds: Iterable[float]) -> float:
    """Minutes of some seconds together, to a tenth."""
    return round(sum(seconds) / 60, 1)
