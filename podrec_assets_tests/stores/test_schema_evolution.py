"""Tables and changed definitions: new columns are added, lost or retyped ones refused."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from podrec_assets.errors import PermanentError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import DEAD_LETTERS, RECOMMENDATION_QUALITY, Table, dead_letter
from podrec_assets.schemas.table import column
from podrec_assets.serving import analytics
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake, add_dead_letters, declared_columns

D1, D2 = date(2026, 11, 1), date(2026, 11, 2)
METRIC = {"ranker": "blend", "metric": "ndcg@10", "value": 0.5, "user_count": 7}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"), tmp_path / "locks")


def without(spec: Table, *names: str) -> Table:
    """The definition without the columns, as it was before it had them."""
    return replace(spec, schema=pa.schema([f for f in spec.schema if f.name not in names]))


def test_a_new_column_is_null_in_old_days_and_keeps_days_and_ledger(lake: Lake) -> None:
    old = without(RECOMMENDATION_QUALITY, "user_count")
    row = {k: v for k, v in METRIC.items() if k != "user_count"}
    lake.replace_days(old, old.rows([row | {"day": D1}]), [D1], {"landed": {"0": 7}})
    assert lake.read(old.name)["user_count"].to_pylist() == [None]
    version = lake.replace_days(
        RECOMMENDATION_QUALITY, RECOMMENDATION_QUALITY.rows([METRIC | {"day": D2}]), [D2]
    )
    rows = lake.read(old.name).sort_by("day").to_pylist()
    assert [(r["day"], r["value"], r["user_count"]) for r in rows] == [
        (D1, 0.5, None),
        (D2, 0.5, 7),
    ]
    state = lake.state(old.name)
    assert (state.version, state.days, state.ledger) == (version, {D1, D2}, {"landed": {"0": 7}})
    assert lake.columns(old.name) == declared_columns(RECOMMENDATION_QUALITY)
    table = lake.table(old.name)
    assert table is not None
    assert (table.protocol().min_reader_version, table.protocol().min_writer_version) == (1, 2)


@pytest.mark.parametrize("spec", [RECOMMENDATION_QUALITY, DEAD_LETTERS], ids=lambda s: s.name)
def test_the_comment_of_a_column_can_be_reworded(lake: Lake, spec: Table) -> None:
    fields = [f.with_metadata({"comment": "As it was worded."}) for f in spec.schema]
    old = replace(spec, schema=pa.schema(fields))
    lake.replace_days(old, old.rows([{"day": D1}]), [D1])
    lake.replace_days(spec, spec.rows([{"day": D2}]), [D2])
    lake.replace_days(spec, spec.rows([{"day": D1}, {"day": D1}]), [D1])
    with lake.writing(spec.name):
        lake.append(spec, spec.rows([{"day": D2}]), [D2], {})
    assert sorted(lake.read(spec.name)["day"].to_pylist()) == [D1, D1, D2, D2]


def test_dead_letters_are_added_after_a_comment_was_reworded(lake: Lake) -> None:
    fields = [f.with_metadata({"comment": "As it was worded."}) for f in DEAD_LETTERS.schema]
    old = replace(DEAD_LETTERS, schema=pa.schema(fields))
    letters = [dead_letter(D1, "stage", key, "reason", "detail") for key in "ab"]
    lake.replace_days(old, old.rows(letters[:1]), [D1])
    add_dead_letters(lake, letters)
    assert lake.read(DEAD_LETTERS.name).num_rows == 2


def test_the_version_before_a_new_column_stays_readable(lake: Lake) -> None:
    old = without(RECOMMENDATION_QUALITY, "user_count")
    row = {k: v for k, v in METRIC.items() if k != "user_count"}
    first = lake.replace_days(old, old.rows([row | {"day": D1}]), [D1])
    lake.replace_days(
        RECOMMENDATION_QUALITY, RECOMMENDATION_QUALITY.rows([METRIC | {"day": D1}]), [D1]
    )
    assert lake.read(old.name, version=first)["user_count"].to_pylist() == [None]


def test_adding_dead_letters_adds_a_new_column(lake: Lake) -> None:
    old = without(DEAD_LETTERS, "detail", "payload")
    letter = {"day": D1, "stage": "s", "source_key": "k", "reason": "r"}
    lake.replace_days(old, old.rows([letter]), [D1])
    add_dead_letters(
        lake,
        [
            letter | {"detail": "again"},
            letter | {"source_key": "new", "detail": "why", "payload": b"x"},
        ],
    )
    letters = {
        r["source_key"]: (r["detail"], r["payload"]) for r in lake.read(old.name).to_pylist()
    }
    assert letters == {"k": (None, None), "new": ("why", b"x")}


def test_dashboard_queries_read_days_older_than_a_column(
    settings: Settings,
) -> None:
    connections, old = (
        Connections(settings, {}),
        without(RECOMMENDATION_QUALITY, "low", "high", "user_count"),
    )
    row = {k: v for k, v in METRIC.items() if k != "user_count"}
    connections.lake.replace_days(old, old.rows([row | {"day": D1}]), [D1])
    (metric,) = analytics.ask(connections, analytics.QUALITY, D1, D2).to_pylist()
    assert metric == row | {"day": D1, "low": None, "high": None, "user_count": None}
    connections.lake.replace_days(
        RECOMMENDATION_QUALITY, RECOMMENDATION_QUALITY.rows([METRIC | {"day": D2}]), [D2]
    )
    both = analytics.ask(connections, analytics.QUALITY, D1, D2).to_pylist()
    assert [(r["day"], r["user_count"]) for r in both] == [(D1, None), (D2, 7)]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([column("gone", pa.int64(), "")], r"gone \(long\) is no longer declared"),
        ([column("value", pa.string(), "")], "value is string on disk and declared as double"),
    ],
    ids=["dropped", "retyped"],
)
def test_a_dropped_or_retyped_column_is_refused_and_nothing_is_written(
    lake: Lake, fields: list, words: str
) -> None:
    kept = [f for f in RECOMMENDATION_QUALITY.schema if f.name not in [g.name for g in fields]]
    old = replace(RECOMMENDATION_QUALITY, schema=pa.schema([*kept, *fields]))
    lake.replace_days(old, old.rows([{"day": D1}]), [D1])
    with pytest.raises(
        PermanentError,
        match=f"recommendation_quality cannot be written: {words}.*Columns can only be added",
    ):
        lake.replace_days(
            RECOMMENDATION_QUALITY, RECOMMENDATION_QUALITY.rows([METRIC | {"day": D2}]), [D2]
        )
    assert lake.state(old.name).days == {D1}


def test_rows_that_do_not_cast_to_the_declared_type_are_an_error_that_names_the_column(
    lake: Lake,
) -> None:
    kept = [f for f in RECOMMENDATION_QUALITY.schema if f.name != "value"]
    old = replace(
        RECOMMENDATION_QUALITY, schema=pa.schema([*kept, column("value", pa.string(), "")])
    )
    lake.replace_days(old, old.rows([{"day": D1, "value": "high"}]), [D1])
    with pytest.raises(
        PermanentError, match=r"recommendation_quality cannot be read: value is string on disk"
    ):
        lake.read(old.name)
