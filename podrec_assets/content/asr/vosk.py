"""Vosk: Kaldi models in a folder."""

import json
from pathlib import Path

import numpy as np
import vosk

from podrec_assets.content.asr.contract import RATE_HZ, AsrEngine, PieceTranscript
from podrec_assets.errors import SetupError

BLOCK = RATE_HZ // 4 * 2
"""Bytes that are given at a time: a quarter of a second, between which the engine may end an
utterance.
"""


class VoskRecognizer:
    """Segments are Vosk's utterances; confidence is the mean of their words'."""

    piece_s = 60.0

    def __init__(self, engine: AsrEngine) -> None:
        if (
            not (Path(engine.model) / "am" / "final.mdl").is_file()
            and not (Path(engine.model) / "final.mdl").is_file()
        ):
            # Kaldi would write to stderr and give a null handle.
            raise SetupError(
                f"{engine.model} is not a Vosk model: it has no am/final.mdl; check PODREC_ASR_VOSK_MODEL."
            )
        vosk.SetLogLevel(-1)
        try:
            self._model = vosk.Model(model_path=engine.model)
        except Exception as err:  # Vosk raises nothing narrower
            raise SetupError(
                f"Vosk cannot load {engine.model}: {err}; pull it again or check PODREC_ASR_VOSK_MODEL."
            ) from err

    def recognize(self, samples: np.ndarray, language: str | None) -> PieceTranscript:
        recognizer = vosk.KaldiRecognizer(self._model, RATE_HZ)
        recognizer.SetWords(True)
        raw, found = samples.astype("<i2").tobytes(), []
        for at in range(0, len(raw), BLOCK):
            if recognizer.AcceptWaveform(raw[at : at + BLOCK]):
                found.append(json.loads(recognizer.Result()))
        found.append(json.loads(recognizer.FinalResult()))
        return PieceTranscript([_segment(f) for f in found if f.get("result")], language)


def _segment(result: dict) -> dict:
    words = result["result"]
    return {
        "start_s": words[0]["start"],
        "end_s": words[-1]["end"],
        "text": result["text"],
        "confidence": min(1.0, sum(w["conf"] for w in words) / len(words)),
    }
