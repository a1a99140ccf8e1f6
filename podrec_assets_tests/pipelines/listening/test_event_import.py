"""Import of exported events: CSV files, and episodes named by audio file or guid."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from podrec_assets.errors import PermanentError
from podrec_assets.listening.event_message import parse
from podrec_assets.pipelines.listening.event_import import (
    EpisodeNames,
    Imported,
    lines_of,
    to_message,
)
from podrec_assets.schemas import EPISODES
from podrec_assets.stores.delta import Lake

D1, D2 = date(2026, 11, 1), date(2026, 11, 2)
NOW = datetime(2026, 11, 3, tzinfo=UTC)


@pytest.fixture
def imported(tmp_path: Path) -> Imported:
    lake = Lake(str(tmp_path / "lake"), tmp_path / "locks")
    shared = {"guid": "1", "day": D1}
    rows = [
        {
            **shared,
            "episode_id": "e-a",
            "feed_url": "https://a.example/feed",
            "audio_url": "https://cdn.example/a.mp3?utm_source=x",
        },
        {
            **shared,
            "episode_id": "e-b",
            "feed_url": "https://b.example/feed",
            "audio_url": "https://cdn.example/b.mp3",
        },
        {
            "day": D2,
            "episode_id": "e-c",
            "feed_url": "https://b.example/feed",
            "guid": "only-here",
            "audio_url": None,
        },
    ]
    lake.replace_days(EPISODES, EPISODES.rows(rows), {D1, D2})
    return Imported(EpisodeNames(lake))


def produced(imported: Imported, **event: object) -> dict:
    value = to_message(json.dumps(event).encode(), imported).value
    assert value is not None
    return json.loads(value)


def test_an_episode_is_found_by_its_audio_file_with_any_tracking_prefix(imported: Imported) -> None:
    assert (
        produced(imported, audio_url="http://chtbl.com/track/1/cdn.example/a.mp3")["episode_id"]
        == "e-a"
    )
    assert (imported.resolved_count, imported.unknown_count) == (1, 0)


def test_a_guid_that_two_feeds_use_needs_the_feed(imported: Imported) -> None:
    assert produced(imported, guid="only-here")["episode_id"] == "e-c"
    assert produced(imported, guid="1", feed_url="http://b.example/feed/")["episode_id"] == "e-b"
    assert "episode_id" not in produced(imported, guid="1")
    assert (imported.unknown_count, imported.first_unknown) == (1, "1")


def test_a_given_episode_id_is_kept(imported: Imported) -> None:
    assert produced(imported, guid="only-here", episode_id="mine")["episode_id"] == "mine"


def test_the_first_day_is_the_earliest_that_an_event_can_belong_to(imported: Imported) -> None:
    produced(imported, occurred_at="2026-11-02T00:30:00+01:00", recorded_at="2026-11-03T00:00:00Z")
    produced(imported, occurred_at="nonsense")
    assert imported.first_day == date(2026, 11, 1)


def test_rows_of_a_csv_file_are_valid_events(tmp_path: Path) -> None:
    file = tmp_path / "plays.csv"
    file.write_bytes(
        "\ufeffuser_id,episode_id,kind,completed_share,position,occurred_at\r\n"
        "me,e-a,play,0.5,,2026-11-02T08:00:00Z\r\n"
        "me,e-a,click,,3,2026-11-02T08:01:00Z\r\n".encode()
    )
    first, second = (parse(line, NOW, 0) for line in lines_of(file))
    assert (first["kind"], first["completed_share"], first["position"]) == ("play", 0.5, None)
    assert (second["kind"], second["completed_share"], second["position"]) == ("click", None, 3)
    again = [json.loads(line)["event_id"] for line in lines_of(file)]
    assert again == [first["event_id"], second["event_id"]]
    assert len(set(again)) == 2


def test_a_cell_that_is_not_a_number_is_kept_for_landing_to_refuse(tmp_path: Path) -> None:
    file = tmp_path / "plays.CSV"
    file.write_text("user_id,kind,occurred_at,completed_share\nme,play,,half\n")
    [line] = lines_of(file)
    assert json.loads(line) | {"event_id": ""} == {
        "user_id": "me",
        "kind": "play",
        "completed_share": "half",
        "event_id": "",
    }


def test_an_unreadable_csv_file_is_one_error(tmp_path: Path) -> None:
    file = tmp_path / "plays.csv"
    file.write_text("user_id,kind,occurred_at\n" + "x" * 200_000 + "\n")
    with pytest.raises(
        PermanentError, match=r"Line 2 of .*plays\.csv cannot be read: field larger than"
    ):
        list(lines_of(file))


def test_a_time_without_a_utc_date_is_kept_for_landing_and_does_not_stop_the_import(
    imported: Imported,
) -> None:
    """One line with `0001-01-01T00:00:00+05:00` ended the import with a traceback."""
    assert (
        produced(imported, user_id="me", occurred_at="0001-01-01T00:00:00+05:00")["user_id"] == "me"
    )
    assert imported.first_day is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"user_id;kind;occurred_at\nme;play;2026-11-02T08:00:00Z\n",
        b"me,play,2026-11-02T08:00:00Z\n",
        "user_id,kind,occurred_at\n".encode("utf-16"),
    ],
    ids=["empty", "semicolons", "no header", "UTF-16"],
)
def test_a_csv_file_whose_every_row_would_be_refused_is_not_produced(
    content: bytes, tmp_path: Path
) -> None:
    """Every row of a file with semicolons became a dead letter, and the command succeeded."""
    file = tmp_path / "plays.csv"
    file.write_bytes(content)
    with pytest.raises(
        PermanentError,
        match=r"plays\.csv is not a CSV file of events: .* no column user_id, kind, occurred_at\.",
    ):
        list(lines_of(file))


def test_spaces_in_a_csv_header_and_empty_rows_are_ignored(tmp_path: Path) -> None:
    file = tmp_path / "plays.csv"
    file.write_text("user_id, kind, occurred_at\nme, like, 2026-11-02T08:00:00Z\n,,\n\n")
    [line] = lines_of(file)
    assert {k: v for k, v in json.loads(line).items() if k != "event_id"} == {
        "user_id": "me",
        "kind": "like",
        "occurred_at": "2026-11-02T08:00:00Z",
    }
