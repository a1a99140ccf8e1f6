"""The table `withdrawals`: records are only ever added, and all of them make the current state."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from podrec_assets.content.withdrawals import Withdrawals, after_word, withdrawals
from podrec_assets.schemas import WITHDRAWALS
from podrec_assets.stores.delta import Lake


@dataclass(frozen=True)
class WithdrawalRecords:
    """The table `withdrawals` of a lake."""

    lake: Lake

    def state(self, version: int | None = None) -> Withdrawals:
        """Returns what is withdrawn at a version (default: the pinned or the latest one).

        A lake with pinned versions that do not include the table is as of before its first record.
        """
        if self.lake.pinned and WITHDRAWALS.name not in self.lake.pinned:
            return Withdrawals()
        return withdrawals(self.lake.read(WITHDRAWALS.name, version=version).to_pylist())

    def add(self, decide: Callable[[Withdrawals], list[dict]]) -> list[dict]:
        """Adds the records that `decide` returns for the current state, and returns them.

        No other process adds records in between.
        """
        name = WITHDRAWALS.name
        with self.lake.writing(name):
            added = decide(self.state())
            days = {row["day"] for row in added}
            if days:
                written = self.lake.state(name).days & days
                rows = self.lake.read_days(name, written).to_pylist() if written else []
                self.lake.replace_days(WITHDRAWALS, WITHDRAWALS.rows([*rows, *added]), days)
        return added

    def add_word(self, target: str, is_withdrawn: bool, reason: str, now: datetime) -> list[dict]:
        """Adds a person's word on an episode or show; nothing if it changes nothing."""
        return self.add(lambda state: after_word(state, target, is_withdrawn, reason, now))

    def fill_days(self, days: Iterable[date]) -> None:
        """Writes the days that were never written, without records."""
        with self.lake.writing(WITHDRAWALS.name):
            if missing := set(days) - self.lake.state(WITHDRAWALS.name).days:
                self.lake.replace_days(WITHDRAWALS, WITHDRAWALS.empty(), missing)
