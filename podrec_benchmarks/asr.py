"""Speed and word error rate of speech recognition, next to bare faster-whisper in the same run.

Run `make bench-asr`; it downloads the models. Each measurement is a process of its own.
"""

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import psutil
from rich.console import Console
from rich.table import Table

from podrec_assets.content.asr.contract import AsrEngine
from podrec_assets.content.asr.engine_choice import choose_engine, model_folder
from podrec_assets.content.asr.model_download import pull
from podrec_assets.content.asr.whisper import BATCH
from podrec_assets.content.asr.worker_pool import WorkerPool
from podrec_assets.settings import Settings
from podrec_assets_tests.content.asr.wer import word_error_rate
from podrec_benchmarks.measuring import alone, peak_mb

SPEECH = Path(__file__).resolve().parents[2] / "shared" / "data" / "speech"
MAX_S, MEMORY_MB, STALL_S = 3600.0, 1024, 1800.0


@dataclass(frozen=True)
class Measured:
    """One way of transcribing all files.

    Attributes:
        audio_s, wall_s, cpu_s: seconds of audio, elapsed, and of computing in all processes.
        peak_mb: summed peak memory of the processes.
        errors: word error rate by file name.
    """

    audio_s: float
    wall_s: float
    cpu_s: float
    peak_mb: float
    errors: dict[str, float]


def main() -> None:
    """Prints one table: real-time factors, CPU seconds a second of audio, word error rates.

    `bare` is faster-whisper alone, `podrec x 2` two workers, `WER long` that of the longest file.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speech", type=Path, default=SPEECH, help="audio files, each with a .txt")
    parser.add_argument("--models", nargs="+", default=["tiny.en", "base"])
    options = parser.parse_args()
    files = sorted(f for f in options.speech.iterdir() if f.suffix in (".ogg", ".flac", ".wav"))
    files = [f for f in files if f.with_suffix(".txt").is_file()]
    table = Table("model", "by", "real time", "overhead", "CPU", "peak MB", "WER", "WER long")
    for name in options.models:
        folder = pull(name, model_folder(Settings()), _no_site, print)
        bare = alone(measure_bare, folder, files)
        _add(table, name, "bare", bare, bare, files)
        for workers in (1, 2):
            own = alone(measure_podrec, folder, files, workers)
            _add(table, name, f"podrec x {workers}", own, bare, files)
    Console().print(table)


def measure_bare(folder: Path, files: list[Path]) -> Measured:
    """Transcribes the files one after the other, as a script with faster-whisper would."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel
    from faster_whisper.audio import decode_audio

    model = WhisperModel(
        str(folder), device="cpu", compute_type="int8", cpu_threads=os.cpu_count() or 1
    )
    pipeline = BatchedInferencePipeline(model)

    def transcribe(file: Path) -> tuple[str, float]:
        audio = decode_audio(str(file))
        segments, _ = pipeline.transcribe(
            audio, language="en", batch_size=BATCH["cpu"], vad_filter=True, word_timestamps=True
        )
        return " ".join(s.text for s in segments), len(audio) / 16_000

    return _measure(transcribe, files, 1)


def measure_podrec(folder: Path, files: list[Path], workers: int) -> Measured:
    """Transcribes the files with podrec's worker processes."""
    settings = Settings(asr_whisper_model=str(folder), asr_device="cpu", asr_workers=workers)
    engine: AsrEngine | None = choose_engine(settings)
    assert engine
    with WorkerPool(engine, workers, MAX_S, MEMORY_MB, STALL_S) as pool:

        def transcribe(file: Path) -> tuple[str, float]:
            recognition = pool.transcribe(file, "en")
            return recognition.text, recognition.audio_s

        return _measure(transcribe, files, workers)


def _measure(
    transcribe: Callable[[Path], tuple[str, float]], files: list[Path], parallel: int
) -> Measured:
    shortest = min(files, key=lambda f: f.stat().st_size)
    longest_first = sorted(files, key=lambda f: -f.stat().st_size)
    with ThreadPoolExecutor(parallel) as threads:
        list(threads.map(transcribe, [shortest] * parallel))  # loads the model
        began, cpu = time.monotonic(), _cpu_s()
        heard = dict(zip(longest_first, threads.map(transcribe, longest_first), strict=True))
        wall_s, cpu_s = time.monotonic() - began, _cpu_s() - cpu
    errors = {
        f.name: word_error_rate(f.with_suffix(".txt").read_text(), text)
        for f, (text, _) in heard.items()
    }
    return Measured(sum(s for _, s in heard.values()), wall_s, cpu_s, peak_mb(), errors)


def _cpu_s() -> float:
    """Returns the CPU seconds of this process and all that it started."""
    process = psutil.Process()
    return sum(sum(p.cpu_times()[:4]) for p in (process, *process.children(recursive=True)))


def _add(
    table: Table, model: str, by: str, own: Measured, bare: Measured, files: list[Path]
) -> None:
    longest = max(files, key=lambda f: f.stat().st_size).name
    table.add_row(
        model,
        by,
        f"{own.wall_s / own.audio_s:.3f}",
        f"{own.wall_s / bare.wall_s - 1:+.0%}",
        f"{own.cpu_s / own.audio_s:.3f}",
        f"{own.peak_mb:.0f}",
        f"{mean(rate for name, rate in own.errors.items() if name != longest):.3f}",
        f"{own.errors[longest]:.3f}",
    )


def _no_site(url: str, _: Path) -> None:
    raise ValueError(f"{url}: this benchmark uses packaged models only")


if __name__ == "__main__":
    main()
