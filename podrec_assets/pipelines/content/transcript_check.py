"""Hears samples of an episode's audio and compares them with its publisher transcript."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from podrec_assets.content.asr.engine_choice import choose_engine
from podrec_assets.content.asr.excerpts import spread_spans, write_excerpts
from podrec_assets.content.transcripts.agreement import Agreement, Sample, agreement
from podrec_assets.errors import PermanentError, PodrecError, SetupError, UnknownIdError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.asr_run import processes
from podrec_assets.schemas import EPISODES, TRANSCRIPTS
from podrec_assets.stores.delta.conditions import text_literal

SAMPLE_COUNT, SAMPLE_S = 3, 45.0


@dataclass(frozen=True)
class TranscriptCheck:
    """The verdict on one episode's transcript, and what it was heard with."""

    episode: dict
    transcript: dict
    engine: str
    agreement: Agreement


def check_transcript(connections: Connections, episode_id: str) -> TranscriptCheck:
    """Transcribes samples of the audio and compares them with the publisher's transcript.

    Writes nothing.

    Raises:
        UnknownIdError: no such episode.
        PermanentError: it has no publisher transcript or no audio.
        SetupError: no ASR engine can be used.
        UnusableInputError, RetryableError: the audio cannot be fetched or decoded.
    """
    episode = _newest(connections, EPISODES.name, episode_id)
    if episode is None:
        raise UnknownIdError(f"There is no episode {episode_id}; `podrec episodes` lists them.")
    transcript = _newest(connections, TRANSCRIPTS.name, episode_id)
    if transcript is None or transcript["source"] != "publisher":
        raise PermanentError(f"{episode_id} has no publisher transcript that could be checked.")
    if not episode["audio_url"]:
        raise PermanentError(f"{episode_id} has no audio to check its transcript against.")
    engine = choose_engine(connections.settings)
    if engine is None:
        raise SetupError("ASR is switched off: set PODREC_ASR_ENGINE to auto or to an engine.")
    language = transcript["language"] or episode["language"]
    if not engine.supports(language):
        raise SetupError(f"{engine.name} has no model for {language}: PODREC_ASR_ENGINE chooses.")
    with TemporaryDirectory(prefix="podrec-check-") as folder:
        files = _excerpts(connections, episode, Path(folder))
        with processes(engine, connections.settings) as transcriber:
            heard = [
                Sample(start_s, transcriber.transcribe(file, language).segments)
                for start_s, file in files
            ]
    found = agreement(transcript["segments"], heard)
    return TranscriptCheck(episode, transcript, engine.version, found)


def _newest(connections: Connections, table: str, episode_id: str) -> dict | None:
    rows = connections.lake.read(table, f"episode_id = {text_literal(episode_id)}").to_pylist()
    return max(rows, key=lambda row: row["day"], default=None)


def _excerpts(connections: Connections, episode: dict, folder: Path) -> list[tuple[float, Path]]:
    settings, downloads = connections.settings, connections.downloads
    [(_, audio)] = downloads.fetch([(episode["episode_id"], episode["audio_url"])])
    if isinstance(audio, PodrecError):
        raise audio
    try:
        spans = spread_spans(episode["duration_s"] or 3600.0, SAMPLE_COUNT, SAMPLE_S)
        limits = settings.asr_max_audio_minutes * 60, settings.asr_memory_mb
        return write_excerpts(audio.path, spans, folder, *limits)
    finally:
        downloads.release(audio)
