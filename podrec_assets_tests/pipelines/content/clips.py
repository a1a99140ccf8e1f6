"""Episodes with short audio clips on a local server.

Run as a program, it transcribes their day and writes the tables.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from podrec_assets.content.asr.contract import RATE_HZ
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.transcription import Transcribed, transcribe_days
from podrec_assets.schemas import EPISODES, TRANSCRIPTS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import replace_dead_letters
from podrec_assets_tests.content.asr.real_models import model
from podrec_assets_tests.content.asr.sounds import samples_of, write_wav

DAY, NOW = date(2026, 2, 3), datetime(2026, 2, 3, 12, tzinfo=UTC)
CLIP_S = 2.0
CLIPS_OF = {"fleurs-en-000": 3, "fleurs-en-001": 2, "fleurs-en-002": 4, "fleurs-en-003": 1}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serves a folder; yields host:port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def cut_clips(speech: Path, folder: Path) -> list[str]:
    """Writes ten clips of real speech to the folder; returns their names."""
    names: list[str] = []
    for source, count in CLIPS_OF.items():
        samples = samples_of(speech / f"{source}.ogg")
        for n in range(count):
            first = int((1 + n * CLIP_S) * RATE_HZ)
            names.append(f"clip{len(names)}.wav")
            write_wav(folder / names[-1], samples[first : first + int(CLIP_S * RATE_HZ)])
    return names


def settings(home: Path, origin: str, **changes: object) -> Settings:
    plain = {
        "home": home,
        "cache": home / "cache",
        "fetch_allow": origin,
        "downloads_gap_s": 0,
        "asr_device": "cpu",
        "asr_whisper_model": str(model("tiny.en")),
    }
    return Settings(**{**plain, **changes})  # type: ignore[arg-type]


def episodes(origin: str, names: list[str], **changes: object) -> list[dict]:
    plain = dict.fromkeys(EPISODES.schema.names)
    return [
        {**plain, "day": DAY, "episode_id": f"e{name.partition('.')[0]}", "audio_url": f"http://{origin}/{name}",
         "duration_s": CLIP_S, "language": "en", "transcripts": [], **changes}
        for name in names
    ]  # fmt: skip


def transcribe(
    connections: Connections,
    rows: list[dict],
    now: datetime = NOW,
    redo: frozenset[str] = frozenset(),
) -> Transcribed:
    """What one run gives, written as the asset writes it."""
    found = transcribe_days(connections, rows, now, redo)
    replace_dead_letters(connections.lake, TRANSCRIPTS.name, {DAY}, found.letters)
    connections.lake.replace_days(TRANSCRIPTS, TRANSCRIPTS.rows(found.rows), {DAY})
    return found


if __name__ == "__main__":
    home, address, *clips = sys.argv[1:]
    transcribe(Connections(settings(Path(home), address), {}), episodes(address, clips))
