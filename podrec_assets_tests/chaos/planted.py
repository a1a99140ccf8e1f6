"""Bugs that schedules must find, planted into the process that runs them."""

from collections.abc import Callable, Iterable
from datetime import date

import pyarrow as pa

from podrec_assets.schemas import Table
from podrec_assets.stores.delta import Lake


def ledger_before_rows() -> None:
    """The offsets of a batch are committed before its rows, in a commit of their own."""
    append = Lake.append

    def note_then_append(
        lake: Lake, spec: Table, rows: pa.Table, days: Iterable[date], ledger: dict
    ) -> int:
        lake.note(spec, days, ledger)
        return append(lake, spec, rows, days, ledger)

    Lake.append = note_then_append  # type: ignore[method-assign, assignment]


BUGS: dict[str, Callable[[], None]] = {"": lambda: None, "ledger-before-rows": ledger_before_rows}
