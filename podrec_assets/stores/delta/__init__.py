"""The lake: Delta tables by way of deltalake. The only room that imports it.

Each commit carries on, as JSON in `userMetadata`, which days were ever written (an empty day leaves
no file behind) and, for tables that land a topic, the ledger of landed offsets. Rows and offsets
thus move in one atomic step, and the table itself answers "was this day written?" and "what is
landed?". Spark's commits use the same field.
"""

from podrec_assets.stores.delta.commits import TABLE_PROPERTIES, TableState, to_ranges
from podrec_assets.stores.delta.upkeep import Upkeep

__all__ = ["TABLE_PROPERTIES", "Lake", "TableState", "to_ranges"]


class Lake(Upkeep):
    """All Delta tables under one root (a folder or an object store address): reads, writes and
    upkeep.
    """
