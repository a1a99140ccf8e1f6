"""Audio for tests: files that PyAV writes, and clips cut from real speech."""

import wave
from pathlib import Path
from typing import Any

import av
import numpy as np

from podrec_assets.content.asr.contract import RATE_HZ
from podrec_assets.content.asr.decoding import decoded

SAMPLE_RATES = {
    "mp3": ("libmp3lame", 44_100),
    "ogg": ("libopus", 48_000),
    "m4a": ("aac", 44_100),
    "flac": ("flac", 22_050),
}


def tone(
    seconds: float, hertz: float = 220.0, rate: int = RATE_HZ, level: float = 0.3
) -> np.ndarray:
    """(n,) int16 samples of a sine."""
    return (
        np.sin(np.arange(int(seconds * rate)) / rate * 2 * np.pi * hertz) * level * 2**15
    ).astype(np.int16)


def write_wav(path: Path, samples: np.ndarray, rate: int = RATE_HZ) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def write_encoded(path: Path, seconds: float) -> Path:
    """A stereo tone in the codec that the path's extension names."""
    codec, rate = SAMPLE_RATES[path.suffix[1:]]
    mono = tone(seconds, rate=rate)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, layout="stereo")
        resampler = av.AudioResampler(
            format=stream.format, layout="stereo", rate=rate, frame_size=stream.frame_size or 1024
        )
        frame = av.AudioFrame.from_ndarray(
            np.repeat(mono, 2).reshape(1, -1), format="s16", layout="stereo"
        )
        frame.sample_rate = rate
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            for packet in stream.encode(part):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


def samples_of(path: Path, first_s: float = 0.0, last_s: float = 3600.0) -> np.ndarray:
    with decoded(path, 3600, 1024) as source:
        whole = np.concatenate(list(source.blocks()))
    return whole[int(first_s * RATE_HZ) : int(last_s * RATE_HZ)]
