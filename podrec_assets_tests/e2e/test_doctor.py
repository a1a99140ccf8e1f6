"""`podrec doctor --deep` finds nothing in a healthy home, and each planted fault with a remedy."""

import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from podrec_assets.cli.main import app
from podrec_assets.definitions import build_defs
from podrec_assets.defs.audit.audits import audits, examine
from podrec_assets.defs.instance import open_instance
from podrec_assets.ledger.ledger import Ledger
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening.event_landing import EventLanding
from podrec_assets.pipelines.listening.local_reader import LocalReader
from podrec_assets.schemas import (
    EPISODES,
    LISTS,
    TABLES,
    USER_EVENTS,
    USER_VS_EPISODE_DAILY,
    VECTORS,
)
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import maintenance
from podrec_assets_tests.stores.test_maintenance import aged

pytestmark = pytest.mark.services


@pytest.fixture
def copy(served_world: Connections, tmp_path: Path) -> Iterator[Connections]:
    """Returns a copy of lake and Mongo database to damage; topics and the instance are shared."""
    shutil.copytree(served_world.lake.root, tmp_path / "lake")
    whole, name = served_world.mongo.db, f"copy_{uuid.uuid4().hex[:8]}"
    settings = Settings(
        home=served_world.settings.home,
        engine="local",
        lake=str(tmp_path / "lake"),
        mongo_database=name,
    )
    for collection in whole.list_collection_names():
        if documents := list(whole[collection].find()):
            whole.client[name][collection].insert_many(documents)
    yield Connections(settings, {})
    whole.client.drop_database(name)


def faults(connections: Connections, what: str) -> list[tuple[str, str]]:
    """(detail, remedy) of what one audit found."""
    with open_instance(connections.settings) as instance:
        (audit,) = (a for a in audits(instance) if a.what == what)
        return [(f.detail, f.remedy) for f in examine(connections, audit) if not f.ok]


def change(
    connections: Connections, name: str, day: date, edit: Callable[[list[dict]], list[dict]]
) -> None:
    """Replaces the rows of a day by what `edit` makes of them."""
    rows = connections.lake.read(name, f"day = '{day}'").to_pylist()
    connections.lake.replace_days(TABLES[name], TABLES[name].rows(edit(rows)), [day])


def full_day(connections: Connections, name: str) -> date:
    """The first day of a table that has two rows; other tests add to the last ones."""
    days = connections.lake.read(name, columns=("day",))["day"].to_pylist()
    return min(d for d in days if days.count(d) > 1)


def note(connections: Connections, edit: Callable[[Ledger], Ledger]) -> None:
    """Rewrites the ledger of user_events."""
    ledger = Ledger.from_json(connections.lake.state(USER_EVENTS.name).ledger)
    with connections.lake.writing(USER_EVENTS.name):
        connections.lake.note(USER_EVENTS, [], edit(ledger).to_json())


def invoke(
    connections: Connections, monkeypatch: pytest.MonkeyPatch, *command: str
) -> tuple[int, dict]:
    """Exit code and document of a command on the world."""
    for name in ("home", "lake", "mongo_database"):
        monkeypatch.setenv(f"PODREC_{name.upper()}", str(getattr(connections.settings, name)))
    done = CliRunner().invoke(app, [*command, "--json"])
    return done.exit_code, json.loads(done.stdout)


def test_nothing_is_found_where_nothing_is_wrong(
    copy: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, document = invoke(copy, monkeypatch, "doctor", "--deep")
    assert [f for f in document["findings"] if not f["ok"]] == []
    assert code == 0
    names = [f["what"] for f in document["findings"]]
    with open_instance(copy.settings) as instance:
        assert names[-len(audits(instance)) :] == [a.what for a in audits(instance)]


def test_a_fault_is_told_with_its_remedy_and_exit_code_1(
    copy: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = full_day(copy, USER_EVENTS.name)
    change(copy, USER_EVENTS.name, day, lambda rows: rows[1:])
    code, document = invoke(copy, monkeypatch, "doctor", "--deep")
    assert code == 1
    (fault,) = (
        f for f in document["findings"] if not f["ok"] and f["what"] == "offsets of user_events"
    )
    assert fault["detail"].startswith(f"{day} partition ")
    assert fault["remedy"] == f"`podrec run --select user_events --days {day}..{day}`"
    source = LocalReader(copy.lake, copy.kafka, copy.settings)
    EventLanding(copy.lake, copy.kafka, copy.settings, day, source).run([day])
    assert faults(copy, "offsets of user_events") == []


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda x: replace(x, topic_id="another"), "user-events was recreated"),
        (
            lambda x: replace(x, landed={p: o + 5 for p, o in x.landed.items()}),
            "user-events partition 0 ends at ",
        ),
        (
            lambda x: replace(x, landed={**x.landed, 7: 3}),
            "user-events has no partition 7, but 3 of its offsets are landed",
        ),
        (
            lambda x: replace(x, starts={p: tuple(reversed(s)) for p, s in x.starts.items()}),
            "user_events: the ledger's days of partition 0 are not ascending ranges",
        ),
    ],
    ids=["topic made anew", "topic shorter", "partition gone", "ledger contradicts itself"],
)
def test_a_ledger_that_the_topic_does_not_continue_is_found(
    copy: Connections, edit: Callable, words: str
) -> None:
    note(copy, edit)
    found = faults(copy, "topics")
    assert found[0][0].startswith(words)
    assert (
        found[0][1] == "Kafka and the lake belong together: `podrec restore` both from one backup"
    )


def test_a_topic_that_holds_other_records_at_the_landed_offsets_is_found(copy: Connections) -> None:
    ledger = Ledger.from_json(copy.lake.state(USER_EVENTS.name).ledger)
    last = ledger.landed[0] - 1
    later = timedelta(seconds=1)
    day = ledger.day_of(0, last)

    def moved(rows: list[dict]) -> list[dict]:
        here = [r for r in rows if (r["kafka_partition"], r["kafka_offset"]) == (0, last)]
        return [r | {"recorded_at": r["recorded_at"] + later} if r in here else r for r in rows]

    change(copy, USER_EVENTS.name, day, moved)
    change(copy, "dead_letters", day, moved)
    assert [d for d, _ in faults(copy, "topics")] == [
        f"user-events partition 0 has another record at offset {last} than the one that landed"
    ]


def test_an_offset_that_stands_twice_in_the_place_of_another_is_found(copy: Connections) -> None:
    day = full_day(copy, USER_EVENTS.name)
    first = min(
        r["kafka_partition"] for r in copy.lake.read(USER_EVENTS.name, f"day = '{day}'").to_pylist()
    )

    def doubled(rows: list[dict]) -> list[dict]:
        one, other = [i for i, r in enumerate(rows) if r["kafka_partition"] == first][:2]
        rows[other] = rows[one]
        return rows

    change(copy, USER_EVENTS.name, day, doubled)
    assert [d for d, _ in faults(copy, "offsets of user_events")] == [
        f"{day} partition {first}: 1 rows have the offset of another row"
    ]


def test_rows_on_a_day_that_was_never_landed_are_found(copy: Connections) -> None:
    stray = date(2020, 1, 1)
    row = copy.lake.read(USER_EVENTS.name).slice(0, 1).to_pylist()[0] | {"day": stray}
    copy.lake.replace_days(USER_EVENTS, USER_EVENTS.rows([row]), [stray])
    assert [d for d, _ in faults(copy, "offsets of user_events")] == [
        "1 rows are on days that the ledger does not have"
    ]


def test_an_announcement_on_another_day_than_its_record_is_found(copy: Connections) -> None:
    day = full_day(copy, EPISODES.name)
    change(copy, EPISODES.name, day, lambda rows: [rows[0] | {"kafka_offset": 10_000}, *rows[1:]])
    ((detail, remedy),) = faults(copy, "offsets of episodes")
    assert detail.startswith(f"{day} partition 0: ")
    assert "to 10000, but its landed offsets are [" in detail
    assert remedy == f"`podrec run --select episodes --days {day}..{day}`"


@pytest.mark.parametrize(
    ("edit", "more"),
    [(lambda r: [r[0] | {"play_count": 9}, *r[1:]], 8), (lambda r: r[1:], -1)],
    ids=["too many", "too few"],
)
def test_daily_scores_of_other_events_are_found(
    copy: Connections, edit: Callable, more: int
) -> None:
    day = full_day(copy, USER_VS_EPISODE_DAILY.name)
    count = len(copy.lake.read(USER_VS_EPISODE_DAILY.name, f"day = '{day}'"))
    change(copy, USER_VS_EPISODE_DAILY.name, day, edit)
    assert faults(copy, "daily scores") == [
        (
            f"{day} counts {count + more} events, but user_events has {count}",
            f"`podrec run --select user_vs_episode_daily --days {day}..{day}`",
        )
    ]


@pytest.mark.parametrize(
    "harm", [Path.unlink, lambda p: p.write_bytes(p.read_bytes()[:-9])], ids=["lost", "cut short"]
)
def test_a_file_that_is_lost_or_cut_short_is_found_and_its_day_can_be_made_again(
    copy: Connections, harm: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = full_day(copy, USER_VS_EPISODE_DAILY.name)
    rows = copy.lake.read(USER_VS_EPISODE_DAILY.name, f"day = '{day}'")
    (file,) = copy.lake.files(USER_VS_EPISODE_DAILY.name, day, day)
    harm(Path(file))
    name = f"day={day}/{Path(file).name}"
    command = f"podrec run --select user_vs_episode_daily --days {day}..{day}"
    remedy = f"`{command}`, or `podrec restore` a backup"
    told = {
        f["what"]: (f["detail"], f["remedy"])
        for f in invoke(copy, monkeypatch, "doctor", "--deep")[1]["findings"]
    }
    assert told["files of the lake"] == (
        f"user_vs_episode_daily cannot be read: {name} is missing or damaged",
        remedy,
    )
    copy.lake.replace_days(USER_VS_EPISODE_DAILY, rows, [day])
    assert faults(copy, "files of the lake") == []


def test_a_column_that_podrec_does_not_know_is_found(copy: Connections) -> None:
    foreign = pa.table({"day": [full_day(copy, EPISODES.name)], "note": ["by another tool"]})
    write_deltalake(copy.lake.uri("fusion_weights"), foreign, mode="append", schema_mode="merge")
    assert [d for d, _ in faults(copy, "columns")] == [
        "fusion_weights: note (string) is no longer declared"
    ]


def test_a_repeated_key_is_found(copy: Connections) -> None:
    day = full_day(copy, USER_VS_EPISODE_DAILY.name)
    change(copy, USER_VS_EPISODE_DAILY.name, day, lambda rows: [*rows, rows[0]])
    ((detail, _),) = faults(copy, "keys")
    assert detail.startswith("user_vs_episode_daily: 1 repeated and 0 null keys in ")


def test_vectors_of_another_model_are_found_with_their_days(copy: Connections) -> None:
    day = full_day(copy, VECTORS.name)
    change(
        copy, VECTORS.name, day, lambda rows: [rows[0] | {"embedding_version": "old"}, *rows[1:]]
    )
    ((detail, remedy),) = faults(copy, "embedding version")
    assert detail.endswith(", 1 of old")
    assert remedy == f"`podrec run --select vectors --days {day}..{day}`"


def test_a_day_that_dagster_shows_and_the_stores_do_not_have_is_found(copy: Connections) -> None:
    shutil.rmtree(copy.lake.uri("fusion_weights"))
    copy.mongo.db["versions"].delete_many({"collection": "similarities"})
    details = [d for d, _ in faults(copy, "days shown by Dagster")]
    assert [d.split(" of ")[0] for d in details] == [
        "Dagster shows fusion_weights",
        "Dagster shows similarities",
    ]
    assert all(d.endswith(", but it is not there") for d in details)


def test_a_pointer_to_what_is_not_whole_was_refused_or_does_not_belong_together_is_found(
    copy: Connections,
) -> None:
    versions, published = copy.mongo.db["versions"], copy.mongo.publication()
    assert published is not None
    lists, als = published.versions[LISTS], published.versions["als_top_n"]
    versions.update_one(
        {"_id": f"{LISTS}:{lists}"},
        {"$unset": {"verdict": 1}, "$set": {"manifest.models.als_top_n": "other"}},
    )
    versions.delete_one({"_id": f"als_top_n:{als}"})
    one = copy.mongo.db["similarities"].find_one({"version": published.versions["similarities"]})
    assert one is not None
    copy.mongo.db["similarities"].update_one({"_id": one["_id"]}, {"$set": {"items": []}})
    details = [d for d, _ in faults(copy, "publication")]
    assert details == [
        f"als_top_n {als} is served, but no complete version has that name",
        f"{LISTS} {lists} is served although it did not pass the gate",
        f"the served lists were made from als_top_n other, but {als} is served",
        f"the documents of similarities {published.versions['similarities']} "
        "have changed since they were verified",
    ]


def test_documents_that_are_lost_are_found_and_a_further_run_of_the_day_writes_them_again(
    copy: Connections,
) -> None:
    published = copy.mongo.publication()
    assert published is not None
    made = copy.mongo.version(LISTS, published.versions[LISTS])
    assert made is not None
    documents = copy.mongo.documents(LISTS, made.version)
    copy.mongo.db[LISTS].delete_one({"version": made.version, "user_id": documents[0]["user_id"]})
    run = "'als_top_n similarities final_recommendations publication'"
    assert faults(copy, "documents") == [
        (
            f"{LISTS} {made.version} has {made.count - 1} of {made.count} documents",
            f"`podrec run --select {run} --days {made.day}..{made.day}` writes complete ones",
        )
    ]
    again = copy.mongo.write_version(LISTS, made.day, "another", documents, made.manifest)
    assert again.version != made.version
    assert copy.mongo.documents(LISTS, again.version) == documents


def test_vacuum_keeps_what_kept_lists_were_made_of_and_what_was_lost_otherwise_is_found(
    copy: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = full_day(copy, USER_VS_EPISODE_DAILY.name)
    for _ in range(2):
        change(copy, USER_VS_EPISODE_DAILY.name, day, lambda rows: rows)
    aged(copy.lake, 1000, USER_VS_EPISODE_DAILY.name)
    code, document = invoke(copy, monkeypatch, "vacuum", "--table", USER_VS_EPISODE_DAILY.name)
    assert code == 0
    assert document["tables"][USER_VS_EPISODE_DAILY.name]["file_count"] >= 1
    assert faults(copy, "inputs of kept lists") == []
    maintenance.vacuum(copy.lake, USER_VS_EPISODE_DAILY.name, 0)
    ((detail, remedy),) = faults(copy, "inputs of kept lists")
    assert "of user_vs_episode_daily cannot be read; they are inputs of als_top_n " in detail
    assert "cannot be traced or rebuilt" in remedy


def test_optimize_says_how_many_files_there_were_and_changes_no_row(
    copy: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    day, name = full_day(copy, USER_EVENTS.name), USER_EVENTS.name
    with copy.lake.writing(name):
        ledger = copy.lake.state(name).ledger
        row = copy.lake.read(name, f"day = '{day}'").slice(0, 1)
        copy.lake.append(USER_EVENTS, row, [day], ledger or {})
    before = sorted(copy.lake.read(name).to_pylist(), key=str)
    code, document = invoke(copy, monkeypatch, "optimize")
    found = document["tables"][name]
    assert code == 0
    assert found["files_before"] > found["files_after"] == len(copy.lake.files(name))
    assert sorted(copy.lake.read(name).to_pylist(), key=str) == before


def test_the_upkeep_job_shows_on_each_table_what_it_did(copy: Connections) -> None:
    with open_instance(copy.settings) as instance:
        assert (
            build_defs(copy.settings)
            .resolve_job_def("upkeep")
            .execute_in_process(instance=instance)
            .success
        )
        shown = (
            instance.fetch_observations(dg.AssetKey(EPISODES.name), limit=1)
            .records[0]
            .asset_observation
        )
    assert shown is not None
    assert {k: v.value for k, v in shown.metadata.items()} == {
        "files_before": len(copy.lake.files(EPISODES.name)),
        "files_after": len(copy.lake.files(EPISODES.name)),
        "removed_file_count": 0,
    }


def test_what_cannot_be_verified_is_a_fault_as_well(copy: Connections) -> None:
    away = Connections(
        Settings(
            home=copy.settings.home, lake=copy.settings.lake, mongo_uri="mongodb://127.0.0.1:1"
        ),
        {},
    )  # type: ignore[arg-type]
    ((detail, remedy),) = faults(away, "publication")
    assert detail.startswith("cannot be verified: The MongoDB server does not answer")
    assert remedy == "fix that and run `podrec doctor --deep` again"
