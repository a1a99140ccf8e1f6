"""Import of exported events: CSV files, and episodes named by audio file or guid."""

import json
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from podrec_assets.errors import PermanentError
from podrec_assets.listening.event_message import parse
from podrec_assets.pipelines.listening.event_files import MAX_LINE_BYTES, FileLine, lines_of
from podrec_assets.pipelines.listening.event_import import (
    SHOWN,
    EpisodeNames,
    EventImport,
    to_message,
)
from podrec_assets.schemas import EPISODES
from podrec_assets.stores.delta import Lake
from podrec_assets.stores.kafka import Message

D1, D2 = date(2026, 11, 1), date(2026, 11, 2)
NOW = datetime(2026, 11, 3, tzinfo=UTC)


@pytest.fixture
def imported(tmp_path: Path) -> EventImport:
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
    return EventImport(EpisodeNames(lake), 0, NOW)


def produced(imported: EventImport, **event: object) -> dict:
    [message] = imported.messages([FileLine(1, json.dumps(event).encode())])
    assert message.value is not None
    return json.loads(message.value)


def of_file(
    imported: EventImport, path: Path, content: str | bytes
) -> tuple[list[dict], dict[int, str]]:
    """Returns the events produced from a file, and the reasons by line of what was refused."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    messages = list(imported.messages(lines_of(path)))
    refused = {r["line"]: r["reason"] for r in imported.refused}
    return [json.loads(m.value or b"") for m in messages], refused


@pytest.mark.parametrize("frames", [0, 400])
def test_a_line_nested_too_deep_is_left_to_landing_whatever_the_stack(frames: int) -> None:
    if frames:
        return test_a_line_nested_too_deep_is_left_to_landing_whatever_the_stack(frames - 1)
    line = b'{"recorded_at": "2026-11-02T08:00:00Z", "note": ' + b"[" * 700 + b"]" * 700 + b"}"
    assert to_message(line) == Message(None, line)
    return None


def test_an_episode_is_found_by_its_audio_file_with_any_tracking_prefix(
    imported: EventImport,
) -> None:
    assert (
        produced(imported, audio_url="http://chtbl.com/track/1/cdn.example/a.mp3")["episode_id"]
        == "e-a"
    )
    assert (imported.resolved_count, imported.unknown_count) == (1, 0)


def test_a_guid_that_two_feeds_use_needs_the_feed(imported: EventImport) -> None:
    assert produced(imported, guid="only-here")["episode_id"] == "e-c"
    assert produced(imported, guid="1", feed_url="http://b.example/feed/")["episode_id"] == "e-b"
    assert "episode_id" not in produced(imported, guid="1")
    assert (imported.unknown_count, imported.first_unknown) == (1, "1")


def test_a_given_episode_id_is_kept(imported: EventImport) -> None:
    assert produced(imported, guid="only-here", episode_id="mine")["episode_id"] == "mine"


def test_the_first_day_is_the_earliest_that_an_event_can_belong_to(imported: EventImport) -> None:
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
    first, second = (parse(line.value, NOW, 0) for line in lines_of(file))
    assert (first["kind"], first["completed_share"], first["position"]) == ("play", 0.5, None)
    assert (second["kind"], second["completed_share"], second["position"]) == ("click", None, 3)
    again = [json.loads(line.value)["event_id"] for line in lines_of(file)]
    assert again == [first["event_id"], second["event_id"]]
    assert len(set(again)) == 2


def test_a_time_without_a_utc_date_is_kept_for_landing_and_does_not_stop_the_import(
    imported: EventImport,
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
        b"me,play,2026-11-02T08:00:00Z\n",
        "user_id,kind,occurred_at\n".encode("utf-16"),
        b"user_id|kind|occurred_at\nme|play|2026-11-02T08:00:00Z\n",
    ],
    ids=["empty", "no header", "UTF-16", "bars"],
)
def test_a_csv_file_whose_every_row_would_be_refused_is_not_produced(
    content: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "plays.csv"
    file.write_bytes(content)
    with pytest.raises(
        PermanentError,
        match=r"plays\.csv is not a CSV file of events: .* no column user_id, kind, occurred_at\.",
    ):
        list(lines_of(file))


def test_a_csv_file_with_two_columns_of_one_name_is_not_produced(tmp_path: Path) -> None:
    file = tmp_path / "plays.csv"
    file.write_text("user_id,kind,occurred_at,kind\n")
    with pytest.raises(PermanentError, match="has more than one column kind: remove one"):
        list(lines_of(file))


HEADER = "user_id,episode_id,kind,completed_share,position,occurred_at,mood"
GOOD = "me,e-a,play,0.5,3,2026-11-02T08:00:00Z,"
EVENT = {
    "user_id": "me",
    "episode_id": "e-a",
    "kind": "play",
    "completed_share": 0.5,
    "position": 3,
}
EVENT |= {"occurred_at": "2026-11-02T08:00:00Z"}
READ = {
    "position 3.0": (GOOD.replace(",3,", ",3.0,"), {}),
    "position 3e0": (GOOD.replace(",3,", ",3e0,"), {}),
    "share 5E-1": (GOOD.replace("0.5", "5E-1"), {}),
    "share .5": (GOOD.replace("0.5", ".5"), {}),
    "spaces": (GOOD.replace(",", " , "), {}),
    "quotes": (",".join(f'"{cell}"' for cell in GOOD.split(",")), {}),
    "a blank in the time, as pandas writes it": (
        GOOD.replace("T08:00:00Z", " 08:00:00+00:00"), {"occurred_at": "2026-11-02 08:00:00+00:00"},
    ),
    "TRUE in an unknown column": (f"{GOOD}TRUE", {"mood": "TRUE"}),
    "no cell in the last column": (GOOD.removesuffix(","), {}),
    "an id of digits": (GOOD.replace("me,", "0012,"), {"user_id": "0012"}),
    "an id like 1e5": (GOOD.replace("me,", "1e5,"), {"user_id": "1e5"}),
}  # fmt: skip
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "position 3.5": (GOOD.replace(",3,", ",3.5,"), "position '3.5' is not a whole number"),
    "position TRUE": (GOOD.replace(",3,", ",TRUE,"), "position 'TRUE' is not a number"),
    "position 1_0": (GOOD.replace(",3,", ",1_0,"), "position '1_0' is not a number"),
    "position 1e999": (GOOD.replace(",3,", ",1e999,"), "position '1e999' is not a number"),
    "position -1": (GOOD.replace(",3,", ",-1,"), "position -1 is out of range"),
    "share 1,234": (GOOD.replace("0.5", '"1,234"'), "completed_share '1,234' is not a number"),
    "share 0,5": (GOOD.replace("0.5", '"0,5"'), "completed_share '0,5' is not a number"),
    "share 50 %": (GOOD.replace("0.5", "50 %"), "completed_share '50 %' is not a number"),
    "share nan": (GOOD.replace("0.5", "nan"), "completed_share 'nan' is not a number"),
    "share 1e999": (GOOD.replace("0.5", "1e999"), "completed_share '1e999' is not a number"),
    "share 5": (GOOD.replace("0.5", "5"), "completed_share 5.0 is not within 0 and 1"),
    "an id as a spreadsheet rounds it": (
        GOOD.replace("me,", "1.23457E+11,"), "user_id '1.23457E+11' is an id that a spreadsheet",
    ),
    "a time without a zone": (GOOD.replace("Z,", ","), "has no zone"),
    "a time of a spreadsheet": (GOOD.replace("2026-11-02T08:00:00Z", "11/2/2026 8:00"), "ISO 8601"),
    "no kind": (GOOD.replace("play", ""), "kind is missing"),
    "a blank cell too many": (f"{GOOD},", "it has 8 cells, but the header has 7"),
    "a cell too many": (f"{GOOD},x", "it has 8 cells, but the header has 7"),
    "a cell too many, from a comma": (GOOD.replace("me", "me, myself"), "it has 8 cells"),
    "a quote inside a cell": (GOOD.replace("me", '"m"e'), "',' expected after '\"'"),
    "a huge cell": (f"{GOOD}{'x' * 2_000_000}", "field larger than field limit"),
    "a huge row": (f"{GOOD}{'x' * 70_000}", "bytes are more than 65536"),
    "Latin-1": (GOOD.encode().replace(b"me", b"Zo\xeb"), "is not UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("delimiter", ",;\t")
@pytest.mark.parametrize("habit", READ)
def test_a_row_as_pandas_or_a_spreadsheet_writes_it_is_read(
    habit: str, delimiter: str, imported: EventImport, tmp_path: Path
) -> None:
    row, changed = READ[habit]
    content = f"\ufeff{HEADER}\r\n{row}\r\n,,,,,,\r\n,\r\n\r\n".replace(",", delimiter)
    (event,), refused = of_file(imported, tmp_path / "plays.CSV", content)
    assert {k: v for k, v in event.items() if k != "event_id"} == EVENT | changed
    assert refused == {}


@pytest.mark.parametrize("habit", REFUSED)
def test_a_row_that_is_no_event_is_named_and_the_others_are_produced(
    habit: str, imported: EventImport, tmp_path: Path
) -> None:
    row, reason = REFUSED[habit]
    bad = row if isinstance(row, bytes) else row.encode()
    content = b"\n".join([HEADER.encode(), GOOD.encode(), bad, GOOD.encode(), b""])
    events, refused = of_file(imported, tmp_path / "plays.csv", content)
    assert len(events) == 2
    assert list(refused) == [3]
    assert reason in refused[3]


def test_a_quote_that_is_never_closed_names_the_lines_that_it_swallowed(
    imported: EventImport, tmp_path: Path
) -> None:
    content = "\n".join([HEADER, GOOD, f'"{GOOD}', GOOD, GOOD])
    events, refused = of_file(imported, tmp_path / "plays.csv", content)
    assert len(events) == 1
    assert refused == {3: "unexpected end of data (up to line 5)"}


def test_a_row_whose_episode_is_not_known_yet_is_produced_and_counted(
    imported: EventImport, tmp_path: Path
) -> None:
    content = "user_id,guid,kind,occurred_at\nme,new,like,2026-11-02T08:00:00Z\n"
    (event,), refused = of_file(imported, tmp_path / "plays.csv", content)
    assert (event["guid"], refused) == ("new", {})
    assert (imported.unknown_count, imported.first_unknown) == (1, "new")


LIKE = {"event_id": "1", "user_id": "me", "episode_id": "e-a", "kind": "like"}
STAMPS = [
    "2026-11-02T08:00:00", "2026-11-02", "soon", "", "1793491201", 1793491201, 1793491201.5, True,
    ["2026-11-02T08:00:00Z"], "1970-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00",
]  # fmt: skip


@pytest.mark.parametrize("stamp", STAMPS, ids=str)
def test_a_recorded_at_that_is_no_time_with_a_zone_is_refused_by_its_name(
    stamp: object, imported: EventImport, tmp_path: Path
) -> None:
    lines = [json.dumps(LIKE | {"recorded_at": s}) for s in (None, stamp, "2026-11-02T08:00:00Z")]
    events, refused = of_file(imported, tmp_path / "likes.jsonl", "\n".join(lines))
    assert events == [LIKE | {"recorded_at": None}, LIKE]
    assert list(refused) == [2]
    assert refused[2].startswith("recorded_at ")


def test_a_recorded_at_is_the_same_moment_in_every_zone(
    imported: EventImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamps = set()
    for zone in ("UTC", "Asia/Tokyo"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        line = json.dumps(LIKE | {"recorded_at": "2026-11-02T09:00:00+01:00"}).encode()
        stamps |= {m.timestamp_ms for m in imported.messages([FileLine(1, line)])}
        produced(imported, occurred_at="2026-11-01T00:30:00")
    monkeypatch.undo()
    time.tzset()
    assert stamps == {1793606400000}
    assert imported.first_day == date(2026, 11, 2)


def test_a_line_longer_than_kafka_takes_is_named_and_the_others_are_produced(
    imported: EventImport, tmp_path: Path
) -> None:
    long = json.dumps(LIKE | {"note": "x" * 2_000_000})
    lines = ["\ufeff" + json.dumps(LIKE), long, "", "no JSON", json.dumps(LIKE), long]
    (tmp_path / "likes.jsonl").write_text("\r\n".join(lines))
    messages = list(imported.messages(lines_of(tmp_path / "likes.jsonl")))
    assert [(m.line, m.value) for m in messages] == [
        (1, json.dumps(LIKE).encode()),
        (4, b"no JSON"),
        (5, json.dumps(LIKE).encode()),
    ]
    assert [r["line"] for r in imported.refused] == [2, 6]
    assert imported.refused[0]["reason"].endswith(" bytes are more than Kafka takes")
    assert len(long) > MAX_LINE_BYTES


def test_a_line_that_needs_no_change_is_produced_as_it_stands(imported: EventImport) -> None:
    for line in (b'{"note": 1e999,  "user_id": "u"}', b'{"note": "\\ud83d"}', b"[1]", b"{"):
        assert [m.value for m in imported.messages([FileLine(1, line)])] == [line]


def test_of_many_refused_lines_the_first_are_named_and_all_are_counted(
    imported: EventImport, tmp_path: Path
) -> None:
    content = "\n".join([HEADER, *["me"] * 100])
    events, refused = of_file(imported, tmp_path / "plays.csv", content)
    assert (events, imported.refused_count) == ([], 100)
    assert list(refused) == list(range(2, 2 + SHOWN))
