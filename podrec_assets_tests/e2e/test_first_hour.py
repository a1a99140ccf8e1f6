"""The first-hour guide, command by command: own feeds and events until lists are served."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from podrec_assets.cli.catch_up import catch_up_to, land
from podrec_assets.cli.main import app
from podrec_assets.pipelines.connections import Connections
from podrec_assets.serving.reader import recommendations
from podrec_assets_tests.steady_clock import steady_today

pytestmark = pytest.mark.services


def test_events_of_a_csv_file_lead_to_a_list_of_their_listener(
    served_world: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = steady_today()  # The records are stamped now; the world may be of the day before.
    monkeypatch.setenv("PODREC_HOME", str(served_world.settings.home))
    monkeypatch.setenv("PODREC_ENGINE", "local")
    known = json.loads(CliRunner().invoke(app, ["episodes", "crumb", "--json"]).stdout)["episodes"]
    assert {e["show_title"] for e in known} == {"Crumb"}
    heard, day = known[-2:], today - timedelta(days=2)
    at = datetime(day.year, day.month, day.day, 8, tzinfo=UTC).isoformat()
    file = tmp_path / "plays.csv"
    file.write_text(
        "user_id,audio_url,kind,completed_share,occurred_at\n"
        + "".join(f"first-hour,{e['audio_url']},play,1,{at}\n" for e in heard)
        + f"first-hour,https://nowhere.example/x.mp3,play,1,{at}\n"
    )
    done = json.loads(CliRunner().invoke(app, ["produce", str(file), "--json"]).stdout)
    assert (done["produced_count"], done["resolved_count"], done["unknown_count"]) == (3, 2, 1)
    assert done["first_unknown"] == "https://nowhere.example/x.mp3"

    document = catch_up_to(served_world, today)
    assert document["landed_days"]["user_events"] == [str(today)]
    assert document["listening_days"] >= 3, (
        "the day of the events is made again, though they landed today"
    )
    assert document["day"] == str(today)
    found = served_world.lake.read_equal(
        "user_vs_episode_daily", "user_id", "first-hour"
    ).to_pylist()
    assert {(r["day"], r["episode_id"]) for r in found} == {(day, e["episode_id"]) for e in heard}
    served = recommendations(served_world, "first-hour", 20)
    assert served["known"]
    assert not {e["episode_id"] for e in heard} & {i["episode_id"] for i in served["items"]}
    letters = json.loads(
        CliRunner().invoke(app, ["dead-letters", "--reason", "missing_field", "--json"]).stdout
    )["letters"]
    assert "https://nowhere.example/x.mp3" in "".join(letter["payload"] for letter in letters)
    assert land(served_world, "user_events") == []
