"""faster-whisper: Whisper on CTranslate2, int8 on a CPU and fp16 on a GPU, several windows of
speech at once.
"""

import math
import os
from pathlib import Path

import numpy as np

from podrec_assets.content.asr.contract import PRECISIONS, AsrEngine, PieceTranscript
from podrec_assets.errors import SetupError

os.environ.setdefault(
    "HF_HUB_OFFLINE", "1"
)  # a tokenizer that is missing is an error, not a download
from faster_whisper import BatchedInferencePipeline, WhisperModel

BATCH = {"cpu": 4, "cuda": 16}
NEEDED = ("model.bin", "config.json", "tokenizer.json")


class WhisperRecognizer:
    """Silero VAD leaves out what is no speech; confidence is exp of Whisper's mean log probability
    of a token.
    """

    piece_s = 240.0

    def __init__(self, engine: AsrEngine) -> None:
        missing = [name for name in NEEDED if not (Path(engine.model) / name).is_file()]
        if missing:
            raise SetupError(
                f"{engine.model} is not a faster-whisper model: it has no {missing[0]}; `podrec models list`."
            )
        try:
            model = WhisperModel(
                engine.model,
                device=engine.device,
                compute_type=PRECISIONS[engine.device],
                cpu_threads=engine.threads,
            )
        except (RuntimeError, ValueError) as err:
            raise SetupError(
                f"faster-whisper cannot load {engine.model} on {engine.device}: {str(err).splitlines()[0]}"
            ) from err
        self._pipeline, self._batch = BatchedInferencePipeline(model), BATCH[engine.device]

    def recognize(self, samples: np.ndarray, language: str | None) -> PieceTranscript:
        audio = samples.astype(np.float32) / 2**15
        found, info = self._pipeline.transcribe(
            audio,
            language=language,
            batch_size=self._batch,
            vad_filter=True,
            without_timestamps=False,
        )
        return PieceTranscript([_segment(s) for s in found], info.language)


def _segment(segment) -> dict:
    return {
        "start_s": segment.start,
        "end_s": segment.end,
        "text": " ".join(segment.text.split()),
        "confidence": min(1.0, math.exp(segment.avg_logprob)),
    }
