"""A run keeps finished rows and works within its budget; a killed run is resumed."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from podrec_assets.content.asr.fingerprint import fingerprint
from podrec_assets.errors import SetupError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content import transcription
from podrec_assets.pipelines.content.asr_run import by_minute, take
from podrec_assets.pipelines.content.transcription import Publishers, Transcribed
from podrec_assets.pipelines.content.transcription_estimate import plan_transcripts
from podrec_assets.schemas import DEAD_LETTERS, EPISODES
from podrec_assets.services import process
from podrec_assets.stores.http.client import Fetched
from podrec_assets_tests.content.asr.real_models import model
from podrec_assets_tests.content.asr.sounds import tone, write_wav
from podrec_assets_tests.content.asr.tiny_models import build_vosk
from podrec_assets_tests.pipelines.content.clips import (
    DAY,
    NOW,
    cut_clips,
    episodes,
    served,
    settings,
    transcribe,
)

pytestmark = pytest.mark.slow


def tiny_en() -> str:
    return f"faster-whisper/1.2.1-2/whisper-tiny.en@{fingerprint(model('tiny.en'))}/int8"


VTT = "WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ann>Hello there.\n"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Yields a folder and the host:port that serves it."""
    folder = tmp_path / "site"
    folder.mkdir()
    with served(folder) as origin:
        yield folder, origin


def link(origin: str, name: str) -> dict:
    return {"url": f"http://{origin}/{name}", "type": "text/vtt", "language": None, "rel": None}


def statuses(found: Transcribed) -> dict[str, str]:
    return {r["episode_id"]: r["status"] for r in found.rows}


def events(connections: Connections, kind: str) -> Counter:
    return Counter(e["episode_id"] for e in connections.asr_results.journal() if e["event"] == kind)


def members(session: int) -> list[str]:
    """Returns the running processes of a session."""
    running = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            running += [stat.parent.name] if fields[3] == str(session) and fields[0] != "Z" else []
    return running


@pytest.mark.services
@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="this system has no /proc to look for processes in"
)
def test_a_run_killed_within_ten_clips_is_resumed_and_transcribes_no_clip_twice(
    shared_data: Path, site: tuple[Path, str], tmp_path: Path
) -> None:
    folder, origin = site
    names = cut_clips(shared_data / "speech", folder)
    connections = Connections(settings(tmp_path / "home", origin), {})
    command = [
        sys.executable,
        "-m",
        "podrec_assets_tests.pipelines.content.clips",
        str(tmp_path / "home"),
        origin,
        *names,
    ]
    with subprocess.Popen(command, start_new_session=True) as run:
        deadline = time.monotonic() + 240
        while (
            sum(events(connections, "done").values()) < 4
            and time.monotonic() < deadline
            and run.poll() is None
        ):
            time.sleep(0.02)
        os.kill(run.pid, signal.SIGKILL)
    assert run.returncode == -signal.SIGKILL
    finished = set(events(connections, "done"))
    assert 4 <= len(finished) < 10
    assert connections.lake.read("transcripts").num_rows == 0
    # The worker and its decoder end with their run.
    assert process.wait_for(lambda: not members(run.pid), 20)

    found = transcribe(connections, episodes(origin, names))
    assert set(events(connections, "done")) == {f"eclip{n}" for n in range(10)}
    assert set(events(connections, "done").values()) == {1}
    begun = events(connections, "begun")
    assert {begun[name] for name in finished} == {1}
    assert all(count <= 2 for count in begun.values())
    assert len(found.rows) == 10
    assert set(statuses(found).values()) <= {"ok", "failed", "quarantined"}
    assert Counter(statuses(found).values())["ok"] >= 7
    assert found.figures["asr_cache_hits"] == len(finished)
    assert found.figures["asr_words"] == sum(r["word_count"] for r in found.rows) > 20
    assert 0.3 < found.figures["asr_confidence"] < 1
    assert found.figures["asr_minutes"] == pytest.approx((10 - len(finished)) * 2 / 60, abs=0.06)

    again = transcribe(connections, episodes(origin, names))
    assert again.rows == found.rows
    assert DEAD_LETTERS.rows(again.letters) == DEAD_LETTERS.rows(found.letters)
    assert sum(events(connections, "begun").values()) == sum(begun.values())


def test_what_exceeds_the_budget_is_reported_and_left_to_the_next_run(
    site: tuple[Path, str], tmp_path: Path
) -> None:
    folder, origin = site
    names = [write_wav(folder / f"t{n}.wav", tone(2, 200 + n)).name for n in range(3)]
    rows = episodes(origin, names)
    connections = Connections(settings(tmp_path / "home", origin, asr_minutes_per_run=4.5 / 60), {})
    connections.lake.replace_days(EPISODES, EPISODES.rows(rows), {DAY})
    assert plan_transcripts(connections, DAY, DAY, NOW) | {"seconds_per_audio_second": None} == {
        "first_day": "2026-02-03", "last_day": "2026-02-03", "episode_count": 3,
        "finished_count": 0, "publisher_count": 0, "cached_count": 0, "asr_count": 3,
        "no_audio_count": 0, "no_model_count": 0, "publisher_minutes": 0, "cached_minutes": 0,
        "asr_minutes": 0.1, "unknown_length_count": 0, "engine": tiny_en(),
        "seconds_per_audio_second": None, "expected_asr_minutes": None, "run_count": 2,
    }  # fmt: skip
    first = transcribe(connections, rows)
    assert statuses(first) == {"et0": "failed", "et1": "failed", "et2": "over_budget"}
    assert (first.figures["left_over_count"], first.figures["left_over_minutes"]) == (1, 0.0)
    left = next(r for r in first.rows if r["status"] == "over_budget")
    assert (
        left["reason"] == "the publisher links none; the 0.075 ASR minutes of the run were used up"
    )
    plan = plan_transcripts(connections, DAY, DAY, NOW)
    assert (plan["finished_count"], plan["asr_count"]) == (2, 1)
    assert plan["seconds_per_audio_second"] > 0
    second = transcribe(connections, rows)
    assert statuses(second) == {"et0": "failed", "et1": "failed", "et2": "failed"}
    assert set(events(connections, "begun").values()) == {1}
    assert {x["reason"] for x in second.letters} == {"no_speech"}
    assert len(second.letters) == 3


def test_audio_longer_than_its_feed_says_does_not_exceed_the_budget(
    site: tuple[Path, str], tmp_path: Path
) -> None:
    folder, origin = site
    names = [write_wav(folder / f"t{n}.wav", tone(3, 200 + n)).name for n in range(4)]
    connections = Connections(settings(tmp_path / "home", origin, asr_minutes_per_run=4 / 60), {})
    found = transcribe(connections, episodes(origin, names, duration_s=0.5))
    assert Counter(statuses(found).values()) == {"failed": 2, "over_budget": 2}
    assert found.figures["asr_minutes"] == 0.1


def test_the_log_tells_the_minutes_of_a_long_file() -> None:
    said: list[str] = []
    for length_s in (600.0, None):
        progress = by_minute("e1", length_s, said.append)
        for done_s in (240.0, 600.0):
            progress(done_s)
    assert said == [
        "e1: 4 of 10 minutes heard",
        "e1: 4 minutes heard",
        "e1: 10 minutes heard",
    ]


def test_an_episode_longer_than_the_whole_budget_is_taken_alone() -> None:
    def row(name: str, seconds: float | None) -> dict:
        return {"episode_id": name, "duration_s": seconds}

    long, short, unknown = row("a", 9000.0), row("b", 60.0), row("c", None)
    assert take([long, short], 3600, 0) == [long]
    assert take([short, long], 3600, 0) == [short]
    assert take([short, unknown], 3600, 0) == [short, unknown]
    assert take([short, unknown], 2700, 0) == [short]
    assert take([long], 3600, 1) == []
    assert take([short], 0, 0) == []


def test_a_server_that_is_down_is_retried_with_longer_waits_and_then_given_up(
    site: tuple[Path, str], tmp_path: Path
) -> None:
    _, origin = site
    # The port of a closed server: nothing listens there.
    with served(tmp_path) as gone:
        pass
    rows = episodes(gone, ["a.mp3"])
    connections = Connections(
        settings(tmp_path / "home", f"{origin},{gone}", asr_max_attempts=3, asr_retry_minutes=10),
        {},
    )
    now, waits = NOW, []
    for attempt in (1, 2):
        [row] = transcribe(connections, rows, now).rows
        assert (row["status"], row["attempts"]) == ("failed", attempt)
        waits.append(row["next_attempt_at"] - now)
        assert transcribe(connections, rows, now + timedelta(minutes=1)).rows == [row]
        now = row["next_attempt_at"]
    assert waits == [timedelta(minutes=10), timedelta(minutes=20)]
    last = transcribe(connections, rows, now)
    assert (last.rows[0]["attempts"], last.rows[0]["next_attempt_at"]) == (3, None)
    assert [x["reason"] for x in last.letters] == ["fetch_failed"]
    assert transcribe(connections, rows, now + timedelta(days=9)).rows == last.rows
    assert transcribe(connections, rows, now, frozenset({"failed"})).rows[0]["attempts"] == 1


def test_a_publisher_that_is_down_is_retried_before_asr(
    site: tuple[Path, str], tmp_path: Path
) -> None:
    folder, origin = site
    write_wav(folder / "a.wav", tone(2))
    with served(folder) as gone:
        pass
    connections = Connections(
        settings(tmp_path / "home", f"{origin},{gone}", asr_max_attempts=2), {}
    )
    rows = episodes(origin, ["a.wav"], transcripts=[link(gone, "a.vtt")])
    [row] = transcribe(connections, rows).rows
    assert (row["status"], row["attempts"]) == ("failed", 1)
    assert not events(connections, "begun")
    [row] = transcribe(connections, rows, row["next_attempt_at"]).rows
    assert events(connections, "begun") == {"ea": 1}
    assert row["engine"] == tiny_en()


def test_publishers_come_first_and_every_other_episode_has_a_reason(
    site: tuple[Path, str], tmp_path: Path
) -> None:
    folder, origin = site
    (folder / "a.vtt").write_text(VTT)
    (folder / "noise.wav").write_bytes(b"this is no audio at all")
    connections = Connections(settings(tmp_path / "home", origin), {})
    rows = [
        *episodes(origin, ["a.mp3"], transcripts=[link(origin, "0.vtt"), link(origin, "a.vtt")]),
        *episodes(origin, ["b.mp3"], language="de"),
        *episodes(origin, ["c.mp3"], audio_url=None),
        *episodes(origin, ["d.mp3"]),
        *episodes(origin, ["noise.wav"]),
    ]
    found = transcribe(connections, rows)
    assert {r["episode_id"]: (r["status"], r["reason"]) for r in found.rows} == {
        "ea": ("ok", None),
        "eb": (
            "no_model",
            "the publisher links none; whisper-tiny.en knows no de: `podrec models pull base`",
        ),
        "ec": ("no_audio", "the publisher links none, and there is no audio"),
        "ed": ("failed", f"http://{origin}/d.mp3 answered 404 File not found."),
        "enoise": ("failed", next(r["reason"] for r in found.rows if r["episode_id"] == "enoise")),
    }
    assert {x["source_key"].partition(" ")[0]: x["reason"] for x in found.letters} == {
        "ea": "http_404", "ed": "http_404", "enoise": "undecodable_audio",
    }  # fmt: skip
    assert found.figures["asr_minutes_saved"] == 0.0
    assert found.figures["ok_count"] == 1
    again = transcribe(connections, rows)
    assert again.rows == found.rows
    assert DEAD_LETTERS.rows(again.letters) == DEAD_LETTERS.rows(found.letters)


def test_a_feed_with_costly_transcripts_leaves_time_to_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transcription, "PARSING_CPU_S", 0.01)
    fetched = []

    def fetch(url: str) -> Fetched:
        fetched.append(url)
        body = VTT + "\n00:00.000 --> 00:02.000\n<v Ann>Hello there.\n" * 5_000
        return Fetched(url, 200, "text/vtt", body.encode())

    rows = episodes("h.example", ["a", "b", "c"], transcripts=[link("h.example", "a.vtt")])
    rows[2]["feed_url"] = "https://other.example/feed"
    publishers = Publishers(fetch)
    first, second, other = map(publishers.transcript, rows)
    assert [bool(r.row) for r in (first, second, other)] == [True, False, True]
    assert (second.is_retryable, second.dead_letters) == (True, [])
    assert second.reason.endswith("took 0 s of CPU time in this run")
    assert len(fetched) == 2


def test_another_engine_redoes_what_the_first_could_not_transcribe(
    site: tuple[Path, str], tmp_path: Path
) -> None:
    folder, origin = site
    names = [write_wav(folder / f"t{n}.wav", tone(2)).name for n in range(2)]
    rows = [*episodes(origin, names[:1]), *episodes(origin, names[1:], language="de")]
    home = tmp_path / "home"
    first = transcribe(Connections(settings(home, origin), {}), rows)
    assert statuses(first) == {"et0": "failed", "et1": "no_model"}
    build_vosk(home / "cache" / "models" / "any")
    connections = Connections(settings(home, origin, asr_engine="vosk"), {})
    second = transcribe(connections, rows)
    assert set(events(connections, "begun")) == {"et0", "et1"}
    assert {r["engine"].partition("@")[0] for r in second.rows} == {"vosk/0.3.45/any"}
    assert transcribe(connections, rows).rows == second.rows
    back = Connections(settings(home, origin, asr_engine="none"), {})
    assert transcribe(back, rows).rows == second.rows


def test_without_a_model_publishers_are_used_and_the_rest_waits_for_one(
    site: tuple[Path, str], tmp_path: Path
) -> None:
    folder, origin = site
    (folder / "a.vtt").write_text(VTT)
    write_wav(folder / "b.wav", tone(2))
    rows = [
        *episodes(origin, ["a.mp3"], transcripts=[link(origin, "a.vtt")]),
        *episodes(origin, ["b.wav"]),
    ]
    home = tmp_path / "home"
    found = transcribe(Connections(settings(home, origin, asr_whisper_model=""), {}), rows)
    assert [(r["status"], r["reason"]) for r in found.rows] == [
        ("ok", None),
        (
            "no_model",
            "the publisher links none; no speech model is on disk: `podrec models pull tiny.en`",
        ),
    ]
    off = Connections(settings(home, origin, asr_engine="none"), {})
    [_, row] = transcribe(off, rows, redo=frozenset({"no_model"})).rows
    assert row["reason"] == "the publisher links none; ASR is switched off"
    assert statuses(transcribe(Connections(settings(home, origin), {}), rows)) == {
        "ea": "ok",
        "eb": "failed",
    }


def test_a_configured_model_that_is_missing_stops_the_run_before_any_write(
    site: tuple[Path, str], tmp_path: Path
) -> None:
    connections = Connections(settings(tmp_path / "home", site[1], asr_engine="vosk"), {})
    with pytest.raises(SetupError, match="no model of it is on disk"):
        transcribe(connections, episodes(site[1], ["a.mp3"]))
    assert connections.lake.versions() == {}
