"""Speech recognition in one run: stored results first, then new ones within the minutes' budget.

Each result is stored as soon as its file is transcribed.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from threading import Lock, Semaphore

from podrec_assets.content.asr.contract import AsrEngine, Recognition, Transcriber
from podrec_assets.content.asr.engine_choice import why_no_engine
from podrec_assets.content.asr.model_catalogue import MULTILINGUAL_MODEL
from podrec_assets.content.asr.worker_pool import WorkerPool
from podrec_assets.content.transcripts import choose
from podrec_assets.content.transcripts.retry_policy import RetryPolicy
from podrec_assets.content.words import word_count
from podrec_assets.errors import PodrecError, RetryableError, SetupError
from podrec_assets.settings import Settings
from podrec_assets.stores.asr_results import AsrResults
from podrec_assets.stores.http.download_cache import DownloadCache
from podrec_assets.stores.http.resumable import DownloadedFile

ASSUMED_S = 45 * 60.0
"""Assumed length of an episode whose feed gives none, until its audio is decoded."""
Result = Recognition | PodrecError
StartTranscriber = Callable[[AsrEngine, Settings], Transcriber]


def processes(engine: AsrEngine, settings: Settings) -> WorkerPool:
    """Returns a transcriber that uses worker processes of this machine."""
    limits = (settings.asr_max_audio_minutes * 60, settings.asr_memory_mb, settings.asr_stall_s)
    return WorkerPool(engine, settings.asr_workers, *limits)


@dataclass
class Asr:
    """Speech recognition in one run.

    Attributes:
        settings: limits and budget.
        results: stored results.
        downloads: audio files.
        engine: engine that transcribes; None if ASR is off.
        now: time of the run.
        attempts: failed attempts so far, by episode id.
        start: starts the transcriber.
        figures: run metadata, filled by `rows`.
    """

    settings: Settings
    results: AsrResults
    downloads: DownloadCache
    engine: AsrEngine | None
    now: datetime
    attempts: dict[str, int]
    start: StartTranscriber
    figures: dict = field(default_factory=dict)
    _heard_s: float = field(default=0.0, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def __post_init__(self) -> None:
        retry_after = timedelta(minutes=self.settings.asr_retry_minutes)
        self._budget_s = self.settings.asr_minutes_per_run * 60
        self.policy = RetryPolicy(self.settings.asr_max_attempts, retry_after)

    def row_without_asr(self, episode: dict, publisher: choose.PublisherResult) -> dict | None:
        """Returns the row of an episode that ASR cannot or need not transcribe, else None."""
        attempts = self.attempts.get(episode["episode_id"], 0) + 1
        next_at = self.policy.next_attempt(attempts, self.now) if publisher.is_retryable else None
        if next_at:
            return choose.transcript_row(
                episode, "failed", publisher.reason, attempts=attempts, next_attempt_at=next_at
            )
        if not episode["audio_url"]:
            reason = f"{publisher.reason}, and there is no audio"
            return choose.transcript_row(episode, "no_audio", reason)
        if no_model := self._why_no_model(episode["language"]):
            return choose.transcript_row(episode, "no_model", f"{publisher.reason}; {no_model}")
        return None

    def _why_no_model(self, language: str | None) -> str | None:
        """Returns why no model can transcribe a language, and what to do; None if one can."""
        if self.engine is None or self.engine.supports(language):
            return why_no_engine(self.settings, self.engine)
        name = self.engine.model_name
        return f"{name} knows no {language}: `podrec models pull {MULTILINGUAL_MODEL}`"

    def rows(
        self, episodes: list[dict], say: Callable[[str], None]
    ) -> tuple[list[dict], list[dict]]:
        """Returns rows and dead letters of the episodes.

        Stored results are used first, then the budget is spent; what is left is over_budget.
        """
        if not episodes or self.engine is None:
            return [], []
        keys = {e["episode_id"]: choose.recognition_key(e, self.engine) for e in episodes}
        results: dict[str, Result] = {}
        for name, key in keys.items():
            if stored := self.results.get(key):
                results[name] = Recognition(**stored)
        cached_count = len(results)
        while batch := take(
            [e for e in episodes if e["episode_id"] not in results], self._budget_s, self._heard_s
        ):
            length = f"about {minutes(map(_length, batch)):.0f} minutes"
            say(f"transcribing {len(batch)} episodes, {length}, with {self.engine.version}")
            results |= dict(self._transcribe_batch(batch, keys, say))
        rows = [self._row(e, results.get(e["episode_id"])) for e in episodes]
        heard = [r for r in results.values() if isinstance(r, Recognition)]
        self.figures = {
            "asr_engine": self.engine.version,
            "asr_minutes": round(self._heard_s / 60, 1),
            "asr_words": sum(word_count(r.text) for r in heard),
            "asr_confidence": _mean_confidence(heard),
            "asr_cache_hits": cached_count,
            "asr_seconds_per_audio_second": round(
                self.results.real_time_factor(self.engine.version) or 0.0, 3
            ),
        }
        return [row for row, _ in rows], [x for _, letters in rows for x in letters]

    def _row(self, episode: dict, result: Result | None) -> tuple[dict, list[dict]]:
        assert self.engine
        if result is None:
            minutes_per_run = f"{self.settings.asr_minutes_per_run:g} ASR minutes"
            why = f"{episode['why']}; the {minutes_per_run} of the run were used up"
            return choose.transcript_row(episode, "over_budget", why), []
        if isinstance(result, Recognition):
            return choose.asr_transcript(episode, result)
        attempts, error = self.attempts.get(episode["episode_id"], 0) + 1, str(result)
        is_retryable = isinstance(result, RetryableError)
        next_at = self.policy.next_attempt(attempts, self.now) if is_retryable else None
        row = choose.transcript_row(
            episode, "failed", error, attempts=attempts, next_attempt_at=next_at
        )
        if next_at:  # it is not a dead letter before the last attempt
            return row, []
        code, audio_url = getattr(result, "reason", "failed"), episode["audio_url"]
        return row, [choose.transcript_dead_letter(episode, audio_url, code, error)]

    def _transcribe_batch(
        self, batch: list[dict], keys: dict[str, str], say: Callable[[str], None]
    ) -> Iterator[tuple[str, Result]]:
        """Yields (episode id, result) for each episode; downloads run during transcription.

        Feeds may understate lengths: once the budget is used up, no other file is begun.
        """
        assert self.engine
        workers, by_id = self.settings.asr_workers, {e["episode_id"]: e for e in batch}
        # One more file than is being transcribed may wait; more would only fill the disk.
        slots, futures = Semaphore(workers + 1), dict[str, Future[Result | None]]()
        with (
            self.start(self.engine, self.settings) as transcriber,
            ThreadPoolExecutor(workers) as pool,
        ):

            def transcribe(name: str, audio: DownloadedFile) -> Result | None:
                try:
                    if self._is_used_up():
                        return None
                    return self._transcribe(transcriber, by_id[name], keys[name], audio, say)
                finally:
                    self.downloads.release(audio)
                    slots.release()

            addresses = ((e["episode_id"], e["audio_url"]) for e in batch)
            for name, audio in self.downloads.fetch(addresses):
                if isinstance(audio, PodrecError):
                    self.results.note("failed", episode_id=name, reason=str(audio))
                    yield name, audio
                    continue
                slots.acquire()
                if self._is_used_up():
                    self.downloads.release(audio)
                    break
                futures[name] = pool.submit(transcribe, name, audio)
            for name, future in futures.items():
                if result := future.result():
                    yield name, result

    def _is_used_up(self) -> bool:
        return self._heard_s > self._budget_s

    def _transcribe(
        self,
        transcriber: Transcriber,
        episode: dict,
        key: str,
        audio: DownloadedFile,
        say: Callable[[str], None],
    ) -> Result:
        assert self.engine
        name = episode["episode_id"]
        facts = {"episode_id": name, "key": key, "engine": self.engine.version}
        self.results.note("begun", **facts)
        try:
            result = transcriber.transcribe(
                audio.path, episode["language"], by_minute(name, episode["duration_s"], say)
            )
        except SetupError:
            raise
        except PodrecError as err:
            self.results.note("failed", **facts, reason=str(err))
            return err
        with self._lock:
            self._heard_s += result.audio_s
        self.results.put(key, asdict(result))
        self.results.note("done", **facts, audio_s=result.audio_s, compute_s=result.compute_s)
        say(f"{name}: {result.audio_s / 60:.1f} minutes in {result.compute_s / 60:.1f}")
        return result


def by_minute(
    name: str, duration_s: float | None, say: Callable[[str], None]
) -> Callable[[float], None]:
    """Returns what says how many minutes of a file are done, as often as its engine tells."""
    length = f" of {duration_s / 60:.0f}" if duration_s else ""

    def progress(done_s: float) -> None:
        if not duration_s or done_s < duration_s:
            say(f"{name}: {done_s / 60:.0f}{length} minutes heard")

    return progress


def take(episodes: list[dict], budget_s: float, used_s: float) -> list[dict]:
    """Returns the first episodes whose announced lengths fit into the rest of the budget.

    An episode longer than the whole budget is taken if none of it is used; otherwise it would never
    be transcribed.
    """
    batch: list[dict] = []
    for episode in episodes:
        if used_s + _length(episode) > budget_s and (batch or used_s or not budget_s):
            break
        batch.append(episode)
        used_s += _length(episode)
    return batch


def _mean_confidence(heard: Iterable[Recognition]) -> float | None:
    """Returns the mean confidence of the files by their seconds; None where none has any."""
    known = [(r.confidence, r.audio_s) for r in heard if r.confidence is not None]
    seconds = sum(s for _, s in known)
    return round(sum(c * s for c, s in known) / seconds, 3) if seconds else None


def _length(episode: dict) -> float:
    announced_s = episode["duration_s"] or 0
    return announced_s if announced_s > 0 else ASSUMED_S


def minutes(seconds: Iterable[float]) -> float:
    """Returns the sum in minutes, to a tenth."""
    return round(sum(seconds) / 60, 1)
