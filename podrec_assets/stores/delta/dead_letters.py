"""Writes of the `dead_letters` table, which every stage that lands a topic shares."""

from collections.abc import Iterable
from datetime import date

from podrec_assets.schemas import DEAD_LETTERS
from podrec_assets.stores.delta.commits import commit_properties
from podrec_assets.stores.delta.conditions import text_literal
from podrec_assets.stores.delta.lake import Lake

SAME_LETTER = "old.stage = new.stage AND old.source_key = new.source_key AND old.day = new.day"


def add_dead_letters(lake: Lake, rows: list[dict]) -> None:
    """Adds dead letters that are not in the table yet, by stage, source_key and day.

    A repeated batch adds nothing.
    """
    if not rows:
        return
    letters, name = DEAD_LETTERS.rows(rows), DEAD_LETTERS.name
    days = set(letters["day"].to_pylist())
    with lake.writing(name):
        table = lake.evolve_schema(DEAD_LETTERS)
        if table is None:
            lake.replace_days(DEAD_LETTERS, letters, days)
            return
        properties = commit_properties(lake.state(name).metadata(days))
        with lake.committing(name):
            merge = table.merge(letters, SAME_LETTER, "new", "old", commit_properties=properties)
            merge.when_not_matched_insert_all().execute()


def replace_dead_letters(
    lake: Lake, stage: str, days: Iterable[date], rows: Iterable[dict]
) -> None:
    """Replaces the dead letters of a stage on `days`; each row has its `day`."""
    where = f"stage = {text_literal(stage)}"
    lake.replace_days(DEAD_LETTERS, DEAD_LETTERS.rows(rows), days, where=where)
