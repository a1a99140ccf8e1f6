"""faster-whisper: Whisper on CTranslate2, int8 on a CPU and fp16 on a GPU.

Several windows of speech are decoded at once.
"""

import math
import os
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from podrec_assets.content.asr.contract import (
    PRECISIONS,
    AsrEngine,
    Device,
    PieceTranscript,
    Recognizer,
)
from podrec_assets.content.asr.fingerprint import fingerprint
from podrec_assets.content.asr.word_segments import split_words
from podrec_assets.errors import SetupError
from podrec_assets.settings import Settings

if TYPE_CHECKING:
    from faster_whisper.transcribe import Segment

DECODING = 2
"""Revision of the options of `recognize`: a change of them changes texts, and so the version."""
BATCH = {"cpu": 4, "cuda": 16}
REQUIRED_FILES = ("model.bin", "config.json", "tokenizer.json")


class WhisperBackend:
    """Model folders in CTranslate2's format; names that end in `.en` are English only."""

    name = "faster-whisper"

    def model_setting(self, settings: Settings) -> str:
        return settings.asr_whisper_model

    def is_model(self, folder: Path) -> bool:
        return (folder / "model.bin").is_file()

    def describe(self, folder: Path, device: Device, threads: int) -> AsrEngine:
        library = f"{self.name}/{version('faster-whisper')}-{DECODING}"
        model = f"{library}/{folder.name}@{fingerprint(folder)}"
        return AsrEngine(
            name=self.name,
            model=str(folder.absolute()),
            version=f"{model}/{PRECISIONS[device]}",
            languages=("en",) if folder.name.endswith(".en") else None,
            device=device,
            threads=threads,
        )

    def load(self, engine: AsrEngine) -> Recognizer:
        return WhisperRecognizer(engine)


class WhisperRecognizer:
    """Silero VAD leaves out silence; confidence is exp(mean log probability of a token)."""

    piece_s = 240.0

    def __init__(self, engine: AsrEngine) -> None:
        missing = [name for name in REQUIRED_FILES if not (Path(engine.model) / name).is_file()]
        if missing:
            raise SetupError(
                f"{engine.model} is not a faster-whisper model: it has no {missing[0]}; "
                "`podrec models list`."
            )
        # Set before the import: a missing tokenizer is an error, not a download.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        try:
            model = WhisperModel(
                engine.model,
                device=engine.device,
                compute_type=PRECISIONS[engine.device],
                cpu_threads=engine.threads,
            )
        except (RuntimeError, ValueError) as err:
            raise SetupError(
                f"faster-whisper cannot load {engine.model} on {engine.device}: "
                f"{str(err).splitlines()[0]}"
            ) from err
        self._pipeline, self._batch = BatchedInferencePipeline(model), BATCH[engine.device]

    def recognize(self, samples: np.ndarray, language: str | None) -> PieceTranscript:
        audio = samples.astype(np.float32) / 2**15
        segments, info = self._pipeline.transcribe(
            audio,
            language=language,
            batch_size=self._batch,
            vad_filter=True,
            # With timestamp tokens, batched decoding leaves out the last words of many windows.
            without_timestamps=True,
            word_timestamps=True,
        )
        return PieceTranscript([part for s in segments for part in _split(s)], info.language)


def _split(segment: "Segment") -> list[dict]:
    """Returns the sentences of a window of speech, with the confidence of the window."""
    words = [(w.word, float(w.start), float(w.end)) for w in segment.words or ()]
    confidence = min(1.0, math.exp(segment.avg_logprob))
    return split_words(words or [(segment.text, segment.start, segment.end)], confidence)
