"""Any audio file to 16 kHz mono PCM, in a child process that a hostile file may crash.

The child is `decode_child.py`. It holds one frame at a time under a memory limit and writes a
header line, then the samples.
"""

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from podrec_assets.content.asr import decode_child
from podrec_assets.content.asr.contract import RATE_HZ
from podrec_assets.errors import UnusableInputError

BLOCK_BYTES = RATE_HZ * 2
CHILD = inspect.getsource(decode_child)
"""Source text: on a Spark worker the package is a zip, without a file to run."""
UNDECODABLE, TOO_LONG = "undecodable_audio", "audio_too_long"


@dataclass
class Decoded:
    """A file that is being decoded.

    Attributes:
        duration_s: length according to the file's header, if it has one.
        heard_s: seconds read so far.
    """

    duration_s: float | None
    _samples: BinaryIO
    _max_s: float
    heard_s: float = 0.0

    def blocks(self) -> Iterator[np.ndarray]:
        """Yields (n,) int16 samples, about a second each.

        Raises:
            UnusableInputError: the audio is longer than allowed.
        """
        while data := self._samples.read(BLOCK_BYTES):
            block = np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2")
            self.heard_s += len(block) / RATE_HZ
            if self.heard_s > self._max_s:
                raise too_long(self.heard_s, self._max_s)
            yield block


@contextmanager
def decoded(audio: Path, max_s: float, memory_mb: int) -> Iterator[Decoded]:
    """Opens a file for decoding.

    Args:
        audio: any container and codec that FFmpeg reads.
        max_s: longest audio, by its header and by its decoded samples.
        memory_mb: address space of the decoding process.

    Raises:
        UnusableInputError: `undecodable_audio` or `audio_too_long`. Broken samples raise it at the
            end of the `with` block.
    """
    command = [sys.executable, "-I", "-c", CHILD, str(audio), str(memory_mb)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout
        assert child.stderr
        try:
            header = child.stdout.readline()
            claimed = json.loads(header)["duration_s"] if header else None
            if claimed and claimed > max_s:
                raise too_long(claimed, max_s)
            yield Decoded(claimed, child.stdout, max_s)  # type: ignore[arg-type]
            child.stdout.close()
            lines = child.stderr.read().decode(errors="replace").strip().splitlines()
            if code := child.wait():
                why = lines[-1] if lines else f"the decoder ended with code {code}"
                raise UnusableInputError(UNDECODABLE, f"The audio cannot be decoded: {why[:200]}.")
        finally:
            child.kill()


def too_long(audio_s: float, max_s: float) -> UnusableInputError:
    """Returns the error of audio that is longer than allowed."""
    return UnusableInputError(
        TOO_LONG,
        f"The audio is longer than {max_s / 60:.0f} minutes ({audio_s / 60:.0f}); "
        "PODREC_ASR_MAX_AUDIO_MINUTES allows more.",
    )
