"""What podrec records in a Delta commit besides the rows."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from deltalake import CommitProperties, DeltaTable

# Spark and deltalake both write protocol (1, 2); newer features would lock one of them out.
TABLE_PROPERTIES = {
    "delta.enableDeletionVectors": "false",
    "delta.columnMapping.mode": "none",
    "delta.checkpointPolicy": "classic",
    "delta.minReaderVersion": "1",
    "delta.minWriterVersion": "2",
}


@dataclass(frozen=True)
class TableState:
    """State of a table as its latest commit records it.

    Attributes:
        version: Delta version, -1 if there is no table.
        days: days ever written; an empty day leaves no file behind.
        ledger: landed offsets of the table's topic, as JSON; None for tables without a topic.
    """

    version: int = -1
    days: frozenset[date] = frozenset()
    ledger: dict | None = None

    @property
    def first_day(self) -> date | None:
        return min(self.days, default=None)

    @property
    def latest_day(self) -> date | None:
        return max(self.days, default=None)

    def metadata(self, days: Iterable[date] = (), ledger: dict | None = None) -> str:
        """Returns the userMetadata of the next commit, which also writes `days`."""
        ranges = to_ranges(self.days | set(days))
        return json.dumps(
            {
                "podrec": {
                    "days": [[a.isoformat(), b.isoformat()] for a, b in ranges],
                    "ledger": ledger or self.ledger,
                }
            }
        )

    def missing(self, days: list[date]) -> list[date]:
        """Returns the days (given in order) that were never written.

        Days before the first written one do not count, but the last day given always does.
        """
        first = min(self.first_day or days[-1], days[-1])
        return [d for d in days if d >= first and d not in self.days]

    @classmethod
    def recorded(cls, table: DeltaTable) -> "TableState | None":
        """Reads the state from the newest commit of podrec; None if there is none."""
        for limit in (1, None):
            for commit in table.history(limit):
                if state := cls.from_commit(table.version(), commit):
                    return state
        return None

    @classmethod
    def from_commit(cls, version: int, commit: dict) -> "TableState | None":
        """Reads the state from a commit's userMetadata; None if another tool made the commit."""
        recorded = json.loads(commit.get("userMetadata") or "{}").get("podrec")
        if not recorded:
            return None
        ranges = [(date.fromisoformat(a), date.fromisoformat(b)) for a, b in recorded["days"]]
        days = frozenset(d for a, b in ranges for d in _days(a, b))
        return cls(version, days, recorded["ledger"])


def commit_properties(metadata: str) -> CommitProperties:
    """Properties of a commit that fails unless it directly follows the version it was based on."""
    return CommitProperties(custom_metadata={"userMetadata": metadata}, max_commit_retries=0)


def to_ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Merges days into inclusive ranges, in order."""
    ranges: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if ranges and day - ranges[-1][1] == timedelta(days=1):
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
