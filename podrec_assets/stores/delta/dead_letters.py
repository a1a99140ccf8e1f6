"""Writes of the `dead_letters` table, which every stage that lands a topic shares."""

from collections.abc import Iterable
from datetime import date

from podrec_assets.ledger.ledger import Ledger
from podrec_assets.schemas import DEAD_LETTERS
from podrec_assets.stores.delta.commits import commit_properties
from podrec_assets.stores.delta.conditions import on_days, text_literal
from podrec_assets.stores.delta.lake import Lake

SAME_LETTER = "old.stage = new.stage AND old.source_key = new.source_key AND old.day = new.day"
MARKS = ("redrive_from", "redriven_to")


def letters_of(stage: str, ledger: Ledger) -> str:
    """Returns the SQL condition of a stage's letters that are of the ledger's topic.

    Letters of a deleted topic of the same name have another id in their key, or none.
    """
    unmarked = "source_key NOT LIKE '%:%:%:%'"
    if not ledger.topic_id:
        is_here = unmarked
    else:
        is_here = f"source_key LIKE {text_literal(f'%:{ledger.topic_id}')}"
        if ledger.has_unmarked_letters:
            is_here = f"({is_here} OR {unmarked})"
    return f"stage = {text_literal(stage)} AND {is_here}"


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
    lake: Lake, stage: str, days: Iterable[date], rows: Iterable[dict], ledger: Ledger | None = None
) -> None:
    """Replaces the dead letters of a stage on `days`; each row has its `day`.

    With a ledger, only those of its topic. A letter that stays remembers that it was redriven.
    """
    where, days = f"stage = {text_literal(stage)}", list(days)
    if ledger:
        where = letters_of(stage, ledger)
    with lake.writing(DEAD_LETTERS.name):
        marks = _marks(lake, f"({where}) AND redrive_from IS NOT NULL AND {on_days(days)}")
        marked = [marks.get((row["day"], row["source_key"]), {}) | row for row in rows]
        lake.replace_days(DEAD_LETTERS, DEAD_LETTERS.rows(marked), days, where=f"({where})")


def mark_dead_letters(lake: Lake, letters: list[dict]) -> None:
    """Writes the columns MARKS of letters that are in the table."""
    rows, name = DEAD_LETTERS.rows(letters), DEAD_LETTERS.name
    with lake.writing(name):
        table = lake.evolve_schema(DEAD_LETTERS)
        if table is None or not letters:
            return
        properties = commit_properties(lake.state(name).metadata())
        with lake.committing(name):
            merge = table.merge(rows, SAME_LETTER, "new", "old", commit_properties=properties)
            merge.when_matched_update({mark: f"new.{mark}" for mark in MARKS}).execute()


def _marks(lake: Lake, where: str) -> dict[tuple[date, str], dict]:
    rows = lake.read(DEAD_LETTERS.name, where, ("day", "source_key", *MARKS)).to_pylist()
    return {(r["day"], r["source_key"]): {mark: r[mark] for mark in MARKS} for r in rows}
