"""The lake: Delta tables, read and written with deltalake. Only this package imports it.

Each commit records, as JSON in `userMetadata`, the days ever written (an empty day leaves no file
behind) and, for tables that land a topic, the ledger of landed offsets. Rows and offsets thus
change in one atomic step, and the table itself knows which days and offsets it holds. Spark's
commits use the same field.
"""

from podrec_assets.stores.delta.commits import TABLE_PROPERTIES, TableState, to_ranges
from podrec_assets.stores.delta.conditions import between, is_one_of, on_days
from podrec_assets.stores.delta.dead_letters import (
    add_dead_letters,
    letters_of,
    mark_dead_letters,
    replace_dead_letters,
)
from podrec_assets.stores.delta.lake import Lake
from podrec_assets.stores.delta.table_schema import conflicts, declared_columns

__all__ = [
    "TABLE_PROPERTIES",
    "Lake",
    "TableState",
    "add_dead_letters",
    "between",
    "conflicts",
    "declared_columns",
    "is_one_of",
    "letters_of",
    "mark_dead_letters",
    "on_days",
    "replace_dead_letters",
    "to_ranges",
]
