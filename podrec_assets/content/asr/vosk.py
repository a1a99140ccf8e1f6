"""Vosk: Kaldi models in a folder."""

import json
import re
from importlib.metadata import version
from pathlib import Path

import numpy as np

from podrec_assets.content.asr.contract import (
    RATE_HZ,
    AsrEngine,
    Device,
    PieceTranscript,
    Recognizer,
)
from podrec_assets.content.asr.fingerprint import fingerprint
from podrec_assets.errors import SetupError
from podrec_assets.settings import Settings

BLOCK = RATE_HZ // 4 * 2
"""Bytes of a quarter of a second, after which the engine may end an utterance."""
MODEL_FILES = ("am/final.mdl", "final.mdl")
"""A model has one of them."""
_LANGUAGE = re.compile(r"vosk-model(?:-small|-spk)?-([a-z]{2,3})(?:-|$)")
_SUBTAGS = {"cn": "zh", "ua": "uk", "kz": "kk"}
"""Vosk names some models by country."""


class VoskBackend:
    """Model folders as Vosk publishes them; their name tells the language."""

    name = "vosk"

    def model_setting(self, settings: Settings) -> str:
        return settings.asr_vosk_model

    def is_model(self, folder: Path) -> bool:
        return any((folder / file).is_file() for file in MODEL_FILES)

    def describe(self, folder: Path, device: Device, threads: int) -> AsrEngine:  # noqa: ARG002
        language = _LANGUAGE.match(folder.name)
        return AsrEngine(
            name=self.name,
            model=str(folder.absolute()),
            version=f"{self.name}/{version('vosk')}/{folder.name}@{fingerprint(folder)}",
            languages=(_SUBTAGS.get(language[1], language[1]),) if language else None,
        )

    def load(self, engine: AsrEngine) -> Recognizer:
        return VoskRecognizer(engine)


class VoskRecognizer:
    """Segments are Vosk's utterances; confidence is the mean over their words."""

    piece_s = 60.0

    def __init__(self, engine: AsrEngine) -> None:
        import vosk

        if not any((Path(engine.model) / file).is_file() for file in MODEL_FILES):
            # Kaldi would write to stderr and return a null handle.
            raise SetupError(
                f"{engine.model} is not a Vosk model: it has no am/final.mdl; "
                "check PODREC_ASR_VOSK_MODEL."
            )
        vosk.SetLogLevel(-1)
        try:
            self._model = vosk.Model(model_path=engine.model)
        except Exception as err:  # Vosk raises nothing narrower
            raise SetupError(
                f"Vosk cannot load {engine.model}: {err}; "
                "pull it again or check PODREC_ASR_VOSK_MODEL."
            ) from err

    def recognize(self, samples: np.ndarray, language: str | None) -> PieceTranscript:
        import vosk

        recognizer = vosk.KaldiRecognizer(self._model, RATE_HZ)
        recognizer.SetWords(True)
        raw = samples.astype("<i2").tobytes()
        utterances = [
            json.loads(recognizer.Result())
            for at in range(0, len(raw), BLOCK)
            if recognizer.AcceptWaveform(raw[at : at + BLOCK])
        ]
        utterances.append(json.loads(recognizer.FinalResult()))
        return PieceTranscript([_segment(u) for u in utterances if u.get("result")], language)


def _segment(utterance: dict) -> dict:
    words = utterance["result"]
    return {
        "start_s": words[0]["start"],
        "end_s": words[-1]["end"],
        "text": utterance["text"],
        "confidence": min(1.0, sum(w["conf"] for w in words) / len(words)),
        "words": [{"start_s": w["start"], "end_s": w["end"], "text": w["word"]} for w in words],
    }
