"""Days outdated by late events, and accounts of landed offsets."""

from collections import Counter
from datetime import date, timedelta

import pytest

from podrec_assets.ledger.lateness import bounded_ranges, outdated
from podrec_assets.ledger.ledger import Ledger
from podrec_assets.ledger.reconciliation import Account, accounts, no_longer_held

D = [date(2026, 11, 1) + timedelta(days=n) for n in range(10)]


def test_a_day_is_outdated_if_a_late_event_landed_after_its_score_was_computed() -> None:
    late = {D[0]: {0: 10}, D[1]: {0: 10}, D[2]: {0: 10}, D[3]: {1: 4}}
    computed = {D[0]: {0: 11}, D[1]: {0: 10}, D[3]: {0: 99}}
    assert outdated(late, computed) == [D[1], D[2], D[3]]
    assert outdated({}, computed) == []


@pytest.mark.parametrize(
    ("days", "runs", "length", "ranges"),
    [
        ([], 3, 31, []),
        ([D[1]], 3, 31, [(D[1], D[1])]),
        ([D[0], D[1], D[2], D[5]], 3, 31, [(D[5], D[5]), (D[0], D[2])]),
        ([D[0], D[1], D[2], D[3]], 3, 2, [(D[2], D[3]), (D[0], D[1])]),
        ([D[0], D[2], D[4], D[6]], 3, 31, [(D[6], D[6]), (D[4], D[4]), (D[2], D[2])]),
    ],
    ids=["none", "one", "consecutive days", "longest range", "most ranges"],
)
def test_outdated_days_are_grouped_into_few_runs_newest_first(
    days: list, runs: int, length: int, ranges: list
) -> None:
    assert bounded_ranges(days, runs, length) == ranges


def test_an_account_reports_missing_offsets() -> None:
    ledger = Ledger(
        landed={0: 10}, first={0: 0}, starts={0: ((D[0], 0), (D[1], 6))}, lost={0: ((4, 7),)}
    )
    first, second = accounts(
        ledger, [D[0], D[1]], Counter({(D[0], 0): 3, (D[1], 0): 3}), Counter({(D[0], 0): 1})
    )
    assert first == Account(D[0], 0, 0, 6, 3, 1, 2)
    assert (first.missing_count, second.missing_count) == (0, 0)
    (stray,) = accounts(ledger, [D[5]], Counter({(D[5], 0): 2}), Counter())
    assert stray.missing_count == -2
    assert str(Account(D[0], 1, 5, 9, 1, 0, 0)) == "2026-11-01 partition 1: 3 of offsets 5 to 8"


def test_offsets_no_longer_in_kafka_are_reported_by_partition() -> None:
    ledger = Ledger(landed={0: 10, 1: 5, 2: 3}, first={0: 2, 1: 0, 2: 3})
    assert no_longer_held(ledger, {0: 6, 1: 0, 2: 3}) == {0: (2, 6)}
    assert no_longer_held(ledger, {0: 20, 1: 0, 2: 3}) == {0: (2, 10)}
