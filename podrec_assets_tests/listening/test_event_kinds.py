"""A kind of event is defined once; a place that lacks a kind fails here."""

import re
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from podrec_assets.api.documents import EVENT_SCHEMA
from podrec_assets.listening.daily_score import weight_sql
from podrec_assets.listening.event_batches import FORGOTTEN
from podrec_assets.listening.event_message import FIELDS, RefusalReason
from podrec_assets.recommend.interactions import interactions
from podrec_assets.schemas import EVENT_KINDS, USER_EVENTS, USER_VS_EPISODE_DAILY, EventKind
from podrec_assets.schemas.lineage import LINEAGE
from podrec_assets.settings import Settings
from podrec_assets.settings.fields import mark
from podrec_assets.stores import duckdb
from podrec_assets_tests.listening.test_daily_score import EVENTS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "events.md"
SHARE_PARTS = ("finished", "middle", "abandoned")
DAY = date(2026, 11, 10)
every_kind = pytest.mark.parametrize("kind", EVENT_KINDS.values(), ids=EVENT_KINDS)


def weight_settings(kind: EventKind) -> list[str]:
    """Returns the settings that hold a kind's own weights."""
    if kind.weight is None:
        return []
    return (
        [f"{kind.weight}_{p}" for p in SHARE_PARTS] if kind.has_completed_share else [kind.weight]
    )


def section(title: str) -> str:
    """Returns the part of the page under a heading."""
    return PAGE.read_text().split(f"## {title}\n")[1].split("\n## ")[0]


def first_cells(text: str) -> set[str]:
    """Returns the code spans in the first cells of a Markdown table."""
    cells = re.findall(r"^\|([^|]*)\|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_weights_are_settings_that_change_results_and_every_weight_has_a_kind() -> None:
    fields = {n: f for n, f in Settings.model_fields.items() if n.startswith("weight_")}
    names = {name for kind in EVENT_KINDS.values() for name in weight_settings(kind)}
    assert names == fields.keys()
    assert {mark(field) for field in fields.values()} == {"results"}


@every_kind
def test_a_kind_that_undoes_another_has_no_weight_of_its_own(kind: EventKind) -> None:
    if kind.undoes:
        assert kind.weight is None
        assert EVENT_KINDS[kind.undoes].weight
        assert not EVENT_KINDS[kind.undoes].has_completed_share


@every_kind
def test_tables_document_every_kind(kind: EventKind) -> None:
    column = USER_VS_EPISODE_DAILY.schema.field(kind.count_column)
    assert column.metadata[b"comment"].decode() == kind.counts
    assert LINEAGE[USER_VS_EPISODE_DAILY.name][kind.count_column]
    assert kind.name in USER_EVENTS.schema.field("kind").metadata[b"comment"].decode()


def test_the_score_worked_out_by_hand_has_every_kind() -> None:
    assert {kind for _, _, _, kind, _, _ in EVENTS} == EVENT_KINDS.keys()


@every_kind
def test_an_event_weighs_what_its_setting_says(kind: EventKind, settings: Settings) -> None:
    weights = {name: 7.0 for name in Settings.model_fields if name.startswith("weight_")}
    sql = weight_sql(settings.model_copy(update=weights))
    event = USER_EVENTS.rows([{"kind": kind.name, "completed_share": 0.5}])
    (row,) = duckdb.query(f"SELECT {sql} AS weight FROM events", {"events": event}).to_pylist()
    assert row["weight"] == (7.0 if kind.weight else -7.0 if kind.undoes else 0.0)


@every_kind
def test_an_endorsed_episode_is_heard_and_finished_even_if_it_was_skipped(kind: EventKind) -> None:
    counts = {kind.count_column: 1, "skip_count": 1}
    row = {"day": DAY, "user_id": "ann", "episode_id": "e", "score": 1.0, **counts}
    history = interactions(USER_VS_EPISODE_DAILY.rows([row]), DAY, 45.0, 2.0)
    assert ("e" in history.finished["ann"]) == kind.is_endorsement
    if kind.is_endorsement:
        assert history.seen == {"ann": {"e"}}
        assert history.matrix.nnz == 1


def test_an_unlike_does_not_take_back_a_share() -> None:
    row = {"day": DAY, "user_id": "ann", "episode_id": "e", "score": 0.5}
    rows = USER_VS_EPISODE_DAILY.rows([row | {"share_count": 1, "unlike_count": 1}])
    history = interactions(rows, DAY, 45.0, 2.0)
    assert (history.seen["ann"], history.unliked["ann"]) == ({"e"}, set())


def test_the_api_documents_every_kind_and_field() -> None:
    assert EVENT_SCHEMA["properties"]["kind"]["enum"] == list(EVENT_KINDS)  # type: ignore[index]
    assert set(EVENT_SCHEMA["properties"]) == FIELDS  # type: ignore[arg-type]


def test_the_page_lists_every_field_and_refusal_reason() -> None:
    assert first_cells(section("Fields")) == FIELDS
    assert first_cells(section("Refused events")) == {*get_args(RefusalReason), FORGOTTEN}


@every_kind
def test_the_page_states_the_default_weight_of_every_kind(kind: EventKind) -> None:
    lines = section("Kinds and weights").splitlines()
    rows = [line.split("|")[1:3] for line in lines if line.startswith("|")]
    weights = [weight for kinds, weight in rows if f"`{kind.name}`" in kinds]
    defaults = [Settings.model_fields[name].default for name in weight_settings(kind)]
    if kind.undoes:
        defaults = [-Settings.model_fields[str(EVENT_KINDS[kind.undoes].weight)].default]
    stated = [float(number) for text in weights for number in re.findall(r"^ (-?[\d.]+)\b", text)]
    assert sorted(stated) == sorted(defaults or [0.0])
