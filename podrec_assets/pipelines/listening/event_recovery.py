"""Days of `user_events` compared with their ledger, and rows restored from older table versions."""

from collections import Counter
from datetime import date

from podrec_assets.errors import DataLossError
from podrec_assets.ledger.gaps import Places
from podrec_assets.ledger.ledger import Ledger
from podrec_assets.ledger.reconciliation import Account, accounts
from podrec_assets.schemas import DEAD_LETTERS, USER_EVENTS
from podrec_assets.stores.delta import Lake, letters_of, on_days


def accounts_of(lake: Lake, days: list[date], version: int | None = None) -> list[Account]:
    """Accounts for every landed offset of the days.

    The rows are those of the table now, or at a version.
    """
    if not days:
        return []
    state = lake.state(USER_EVENTS.name)
    ledger = Ledger.from_json(state.ledger)
    # The version of the ledger: `podrec stream` may land more at any time.
    version = state.version if version is None else version
    rows = _count(lake, USER_EVENTS.name, on_days(days), version)
    letters = _count(lake, DEAD_LETTERS.name, f"{on_days(days)} AND {landed_letters(ledger)}")
    return accounts(ledger, days, rows, letters)


def landed_letters(ledger: Ledger) -> str:
    """Returns the SQL condition of the dead letters that the ledger covers.

    Others may exist: dead letters are written before the commit that lands them.
    """
    ends = " OR ".join(
        f"(kafka_partition = {p} AND kafka_offset < {end})"
        for p, end in sorted(ledger.landed.items())
    )
    return f"{letters_of(USER_EVENTS.name, ledger)} AND ({ends or 'false'})"


def restore_days(lake: Lake, ledger: Ledger, days: list[date]) -> None:
    """Restores days with missing offsets from the newest version that has them all.

    The caller holds the table's lock.

    Raises:
        DataLossError: no readable version has them; names the offsets.
    """
    for day in days:
        incomplete = [a for a in accounts_of(lake, [day]) if a.missing_count]
        if not incomplete:
            continue
        version = _complete_version(lake, day)
        if version is None:
            raise DataLossError(
                f"{USER_EVENTS.name} lost records that are neither in Kafka nor in the table's "
                f"history: {incomplete[0]}."
            )
        rows = lake.read(USER_EVENTS.name, on_days([day]), version=version)
        lake.replace_days(USER_EVENTS, rows, [day], ledger.to_json())


def _complete_version(lake: Lake, day: date) -> int | None:
    for version in range(lake.state(USER_EVENTS.name).version - 1, -1, -1):
        try:
            day_accounts = accounts_of(lake, [day], version)
        except Exception:  # the reader has no common error for files that vacuum removed
            return None
        if all(a.missing_count == 0 for a in day_accounts):
            return version
    return None


def _count(lake: Lake, name: str, where: str, version: int | None = None) -> Places:
    rows = lake.read(name, where, ("day", "kafka_partition"), version).to_pylist()
    return Counter((r["day"], r["kafka_partition"]) for r in rows)
