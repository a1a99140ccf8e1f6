"""The decoding process: `decode_child.py FILE MEMORY_MB`.

It writes a JSON header line, then 16 kHz mono PCM. It runs alone and imports nothing of podrec; no
other file uses PyAV. Broken packets are skipped. A file without one sample, or with too many broken
packets, is an error with one line on stderr.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from av import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

RATE_HZ = 16_000
MOST_BROKEN_SHARE = 0.2
NO_PROTOCOL = {"protocol_whitelist": "none"}


def main(file: str, memory_mb: int) -> int:
    """Decodes a file to stdout and returns the exit status."""
    import av

    av.logging.set_level(av.logging.PANIC)  # the error is reported in one line below
    _limit_memory(memory_mb)
    out = sys.stdout.buffer
    try:
        if not Path(file).stat().st_size:
            raise ValueError("it is empty")
        # FFmpeg gets the open file alone: a playlist or concat file would open others, or itself.
        with Path(file).open("rb") as audio, av.open(audio, "r", options=NO_PROTOCOL) as container:
            if not container.streams.audio:
                return _fail("it holds no audio stream")
            stream = container.streams.audio[0]
            seconds = (
                float(stream.duration * stream.time_base)
                if stream.duration and stream.time_base
                else None
            )
            if seconds is None and container.duration:
                seconds = container.duration / av.time_base
            out.write(json.dumps({"duration_s": seconds}).encode() + b"\n")
            good, broken = _decode(container, stream, out)
    except BrokenPipeError:  # the reader closed early
        return 0
    except MemoryError:
        return _fail(f"decoding needs more than {memory_mb} MB")
    except (av.error.FFmpegError, OSError, ValueError) as err:
        return _fail(str(getattr(err, "strerror", None) or err))
    if not good:
        return _fail("it gives not one sample")
    return (
        _fail(f"{broken} of {good + broken} packets are broken")
        if broken > MOST_BROKEN_SHARE * (good + broken)
        else 0
    )


def _decode(container: "InputContainer", stream: "AudioStream", out: BinaryIO) -> tuple[int, int]:
    """Writes the samples and returns (packets with samples, broken packets)."""
    import av

    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    good = broken = 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            broken += 1
            continue
        for frame in frames:
            _write(resampler.resample(frame), out)
        good += bool(frames)
    if good:
        _write(resampler.resample(None), out)
    out.flush()
    return good, broken


def _write(frames: "Iterable[AudioFrame]", out: BinaryIO) -> None:
    for frame in frames:
        out.write(memoryview(frame.planes[0])[: frame.samples * 2])


def _limit_memory(megabytes: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    limit = megabytes * 1024 * 1024
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    except (ValueError, OSError):  # macOS has the function and refuses the call
        return


def _fail(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
