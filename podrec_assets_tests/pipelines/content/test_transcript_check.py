"""`check_transcript` hears the sample world: the right, a shifted and another transcript."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from podrec_assets.errors import PermanentError, UnknownIdError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.transcript_check import check_transcript
from podrec_assets.sample_world import library
from podrec_assets.schemas import EPISODES, TRANSCRIPTS
from podrec_assets_tests.content.asr.real_models import model
from podrec_assets_tests.pipelines.content.clips import DAY, served, settings

pytestmark = pytest.mark.slow
AUDIO = Path(library.__file__).parent / "audio"
SPOKEN, OTHER = (
    next(e for show in library.load() for e in show.episodes if e.guid == guid)
    for guid in ("podrec-sample-roomtone-7", "podrec-sample-underfoot-8")
)


def transcript(episode_id: str, said: library.Episode, later_s: float = 0.0) -> dict:
    lines = [replace(x, start_s=x.start_s + later_s, end_s=x.end_s + later_s) for x in said.lines]
    segments = [
        {"start_s": x.start_s, "end_s": x.end_s, "speaker": x.speaker, "text": x.text}
        for x in lines
    ]
    plain = dict.fromkeys(TRANSCRIPTS.schema.names)
    known = {"day": DAY, "episode_id": episode_id, "status": "ok", "language": "en"}
    return plain | known | {"source": "publisher", "segments": segments}


@pytest.fixture(scope="module")
def connections(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connections]:
    with served(AUDIO) as origin:
        home = tmp_path_factory.mktemp("check")
        made = Connections(settings(home, origin, asr_whisper_model=str(model("tiny.en"))), {})
        plain = dict.fromkeys(EPISODES.schema.names) | {"day": DAY, "language": "en"}
        audio = {"audio_url": f"http://{origin}/{SPOKEN.guid}.opus", "duration_s": 64.0}
        names = ("right", "shifted", "other", "asr", "silent")
        rows = [plain | audio | {"episode_id": name, "title": name} for name in names]
        rows[-1]["audio_url"] = None
        transcripts = [
            transcript("right", SPOKEN),
            transcript("shifted", SPOKEN, later_s=12.0),
            transcript("other", OTHER),
            transcript("asr", SPOKEN) | {"source": "asr"},
            transcript("silent", SPOKEN),
        ]
        made.lake.replace_days(EPISODES, EPISODES.rows(rows), [DAY])
        made.lake.replace_days(TRANSCRIPTS, TRANSCRIPTS.rows(transcripts), [DAY])
        yield made


def test_the_right_transcript_agrees(connections: Connections) -> None:
    found = check_transcript(connections, "right").agreement
    assert found.verdict == "agrees"
    assert found.found_share > 0.7
    assert abs(found.shift_s or 0.0) < 1


def test_a_shift_of_twelve_seconds_is_measured(connections: Connections) -> None:
    found = check_transcript(connections, "shifted").agreement
    assert found.verdict == "shifted"
    assert found.shift_s == pytest.approx(12, abs=1)


def test_the_transcript_of_another_episode_differs(connections: Connections) -> None:
    assert check_transcript(connections, "other").agreement.verdict == "differs"


@pytest.mark.parametrize(
    ("episode", "error", "says"),
    [
        ("nobody", UnknownIdError, "no episode nobody"),
        ("asr", PermanentError, "asr has no publisher transcript"),
        ("silent", PermanentError, "silent has no audio"),
    ],
)
def test_what_cannot_be_checked_is_refused_in_one_sentence(
    connections: Connections, episode: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        check_transcript(connections, episode)
