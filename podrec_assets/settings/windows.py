"""Windows of days that shape the graph. Constants, not settings: docs/adr/0003.

Partition mappings are built from them, so a changed one would orphan the history.
"""

from datetime import date
from typing import ClassVar

from pydantic import BaseModel


class Windows(BaseModel):
    """First day of the tables, and how far back assets read."""

    start_day: ClassVar[date] = date(2018, 1, 1)
    """First day of every partitioned asset; records stamped earlier land here."""
    late_days: ClassVar[int] = 2
    """Days after its own day within which an event still counts as on time."""
    history_days: ClassVar[int] = 90
    """Days of listening that the models read."""
    catalogue_days: ClassVar[int] = 3650
    """Days of episodes that similarities and recommendations read."""
