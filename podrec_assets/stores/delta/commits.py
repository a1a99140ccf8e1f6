"""What a commit says beside its rows, and how days and text are put into conditions. Pure."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from deltalake import CommitProperties

# Spark and deltalake both keep protocol (1, 2) with these; a newer feature would shut one of them
# out.
TABLE_PROPERTIES = {
    "delta.enableDeletionVectors": "false",
    "delta.columnMapping.mode": "none",
    "delta.checkpointPolicy": "classic",
    "delta.minReaderVersion": "1",
    "delta.minWriterVersion": "2",
}


@dataclass(frozen=True)
class TableState:
    """What a table's latest commit says of it: version (-1: no table), days ever written, ledger of
    its topic.
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
        """userMetadata of the next commit, which also writes `days`."""
        ranges = to_ranges(self.days | set(days))
        return json.dumps(
            {
                "podrec": {
                    "days": [[a.isoformat(), b.isoformat()] for a, b in ranges],
                    "ledger": ledger or self.ledger,
                }
            }
        )

    @classmethod
    def from_commit(cls, version: int, commit: dict) -> "TableState | None":
        """The state that a commit recorded, as that of `version`; None for a commit of another
        tool.
        """
        found = json.loads(commit.get("userMetadata") or "{}").get("podrec")
        if not found:
            return None
        spans = [(date.fromisoformat(a), date.fromisoformat(b)) for a, b in found["days"]]
        return cls(version, frozenset(d for a, b in spans for d in _days(a, b)), found["ledger"])


def properties(metadata: str) -> CommitProperties:
    """Properties of a commit that must come right after the version it was made on."""
    return CommitProperties(custom_metadata={"userMetadata": metadata}, max_commit_retries=0)


def to_ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days as inclusive ranges, in order."""
    ranges: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if ranges and day - ranges[-1][1] == timedelta(days=1):
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges


def on_days(days: Iterable[date]) -> str:
    """The SQL condition that a row lies on one of the days."""
    return " OR ".join(f"(day >= '{a}' AND day <= '{b}')" for a, b in to_ranges(days)) or "false"


def text(value: str) -> str:
    """A string as a SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
