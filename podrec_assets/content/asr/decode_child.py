"""The decoding process: `decode_child.py FILE MEMORY_MB` writes a JSON header line, then 16 kHz
mono PCM. The only user of PyAV.

Run by itself, so that it imports nothing of podrec. A broken packet is skipped while the next ones
still decode; a file that gives not one sample, and one that breaks off in the middle of most
packets, is an error with one line on stderr.
"""

import json
import sys

RATE_HZ = 16_000
MOST_BROKEN_SHARE = 0.2


def main(file: str, memory_mb: int) -> int:
    import av

    av.logging.set_level(av.logging.PANIC)  # one line of ours says what is wrong
    _limit_memory(memory_mb)
    out = sys.stdout.buffer
    try:
        # The protocol list keeps a playlist or a concat file from opening anything else.
        with av.open(file, options={"protocol_whitelist": "file"}) as container:
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
    except BrokenPipeError:  # the reader has enough
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


def _decode(container, stream, out) -> tuple[int, int]:
    """(packets that gave samples, packets that are broken); the samples go to `out`."""
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


def _write(frames, out) -> None:
    for frame in frames:
        out.write(memoryview(frame.planes[0])[: frame.samples * 2])


def _limit_memory(megabytes: int) -> None:
    try:
        import resource
    except ImportError:  # a system without it has no such limits
        return
    limit = megabytes * 1024 * 1024
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    except (ValueError, OSError):  # macOS knows the name and refuses the call
        return


def _fail(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
