"""Log days equal the running maximum of record dates, for any cut of the log into batches."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podrec_assets.errors import DataLossError
from podrec_assets.ledger import ledger as offsets
from podrec_assets.ledger import planning
from podrec_assets.ledger.ledger import Ledger, advance, begin

FIRST = date(2026, 11, 1)
FLOOR, TODAY = date(2026, 10, 30), date(2026, 11, 12)
LOGS = st.dictionaries(
    st.integers(0, 2),
    st.lists(st.integers(-5, 11).map(lambda n: FIRST + timedelta(days=n)), max_size=12),
    min_size=1,
    max_size=3,
)


def land(log: dict[int, list[date]], cuts: list[float], today: date = TODAY) -> Ledger:
    """Returns the ledger after a log was read in batches that end at the given shares."""
    ledger = begin(Ledger(), dict.fromkeys(log, 0), "id")
    for cut in [*sorted(cuts), 1.0]:
        ends = {p: max(ledger.landed[p], round(cut * len(days))) for p, days in log.items()}
        earliest: dict[int, dict[date, int]] = {p: {} for p in log}
        for p, days in log.items():
            for offset in range(ledger.landed[p], ends[p]):
                earliest[p].setdefault(days[offset], offset)
        ledger = advance(ledger, ends, earliest, FLOOR, today)
    return ledger


@given(LOGS, st.lists(st.floats(0, 1), max_size=4))
@settings(max_examples=300, deadline=None)
def test_the_day_of_an_offset_is_the_latest_date_up_to_it_for_any_batches(
    log: dict[int, list[date]], cuts: list[float]
) -> None:
    ledger = land(log, cuts)
    for partition, days in log.items():
        for offset in range(len(days)):
            assert ledger.day_of(partition, offset) == max(FLOOR, *days[: offset + 1])


@given(LOGS, st.lists(st.floats(0, 1), max_size=4))
@settings(max_examples=200, deadline=None)
def test_a_day_starts_at_the_first_record_stamped_at_or_after_midnight(
    log: dict[int, list[date]], cuts: list[float]
) -> None:
    ledger = land(log, cuts)
    for partition, starts in ledger.starts.items():
        for day, start in starts:
            if day > FLOOR:
                assert start == next(
                    o for o, stamped in enumerate(log[partition]) if stamped >= day
                )


@given(LOGS, st.lists(st.floats(0, 1), max_size=4))
@settings(max_examples=200, deadline=None)
def test_the_ranges_of_all_days_cover_every_landed_offset_once(
    log: dict[int, list[date]], cuts: list[float]
) -> None:
    ledger = land(log, cuts)
    covered = [
        (p, o)
        for day in ledger.days()
        for p, (start, end) in ledger.ranges(day).items()
        for o in range(start, end)
    ]
    assert sorted(covered) == [(p, o) for p in sorted(log) for o in range(len(log[p]))]


def test_a_record_from_tomorrow_waits_with_all_records_after_it() -> None:
    tomorrow = TODAY + timedelta(days=1)
    log = {0: [TODAY, tomorrow, TODAY], 1: [TODAY]}
    ledger = land(log, [])
    assert ledger.landed == {0: 1, 1: 1}
    earliest = {0: {tomorrow: 1, TODAY: 2}, 1: {}}
    assert advance(ledger, {0: 3, 1: 1}, earliest, FLOOR, tomorrow).landed == {0: 3, 1: 1}


def test_a_ledger_round_trips_through_json() -> None:
    ledger = land({0: [FIRST, FIRST + timedelta(days=2)], 3: [FIRST]}, [0.5])
    assert Ledger.from_json(ledger.to_json()) == ledger
    assert Ledger.from_json(None) == Ledger()


def test_a_new_partition_starts_at_its_lowest_offset() -> None:
    ledger = land({0: [FIRST, FIRST]}, [])
    grown = begin(ledger, {0: 0, 1: 7}, "id")
    assert grown.landed == {0: 2, 1: 7}
    assert grown.first == {0: 0, 1: 7}


@pytest.mark.parametrize(
    ("low", "ends", "topic_id", "message"),
    [
        ({0: 0}, {0: 5}, "other", "recreated"),
        ({0: 0}, {0: 1}, "id", "ends at 1, but 2 offsets are landed"),
        ({0: 4}, {0: 9}, "id", "lost offsets 2 to 3 before they landed"),
        ({}, {}, "id", "ends at 0, but 2 offsets are landed"),
    ],
    ids=["another topic", "shorter log", "retention", "partition gone"],
)
def test_a_topic_that_cannot_continue_is_refused(
    low: dict, ends: dict, topic_id: str, message: str
) -> None:
    ledger = land({0: [FIRST, FIRST]}, [])
    with pytest.raises(DataLossError, match=message):
        offsets.check_continuity("events", ledger, low, ends, topic_id)
    offsets.check_continuity("events", ledger, {0: 0}, {0: 2}, "id")


def test_replay_of_what_retention_removed_is_refused() -> None:
    with pytest.raises(DataLossError, match="no longer holds offsets 3 to 5"):
        offsets.check_available("events", {0: (3, 9)}, {0: 6})
    offsets.check_available("events", {0: (3, 9)}, {0: 3})


def test_union_spans_all_days_of_a_partition() -> None:
    ledger = land(
        {0: [FIRST, FIRST + timedelta(days=1), FIRST + timedelta(days=2)], 1: [FIRST]}, []
    )
    assert offsets.union(ledger, [FIRST, FIRST + timedelta(days=2)]) == {0: (0, 3), 1: (0, 1)}
    assert offsets.union(ledger, [FIRST + timedelta(days=1)]) == {0: (1, 2)}


class TestPlan:
    """Plans of an offset sensor."""

    ledger = Ledger(
        landed={0: 10, 1: 5},
        first={0: 0, 1: 0},
        starts={0: ((FIRST, 0),), 1: ((FIRST, 0),)},
        topic_id="id",
    )

    def test_nothing_new_requests_nothing(self) -> None:
        plan = planning.plan("events", self.ledger, {0: 10, 1: 5}, None, TODAY, TODAY)
        assert (plan.first_day, plan.lag, plan.reason) == (None, 0, "events: everything is landed")

    def test_new_offsets_request_the_days_from_the_first_to_today_under_a_key_of_their_ranges(
        self,
    ) -> None:
        plan = planning.plan("events", self.ledger, {0: 12, 1: 5}, FIRST, TODAY, FIRST)
        assert (plan.first_day, plan.last_day) == (FIRST, TODAY)
        assert plan.run_key == "events:p0=10-12"
        assert plan.lag == 2

    def test_records_that_wait_for_tomorrow_request_nothing(self) -> None:
        plan = planning.plan(
            "events", self.ledger, {0: 12, 1: 5}, TODAY + timedelta(days=1), TODAY, TODAY
        )
        assert plan.first_day is None
        assert "2 records wait for 2026-11-13" in plan.reason

    def test_days_without_records_are_requested_to_be_written_empty(self) -> None:
        yesterday = TODAY - timedelta(days=1)
        plan = planning.plan("events", self.ledger, {0: 10, 1: 5}, None, TODAY, yesterday)
        assert (plan.first_day, plan.last_day, plan.run_key) == (
            TODAY,
            TODAY,
            f"events:day:{TODAY}",
        )
        plan = planning.plan(
            "events", self.ledger, {0: 12, 1: 5}, TODAY, TODAY, TODAY - timedelta(days=3)
        )
        assert plan.first_day == TODAY - timedelta(days=2)

    def test_a_quiet_partition_keeps_its_own_day(self) -> None:
        ledger = Ledger(starts={0: ((FIRST, 0),), 1: ((FIRST + timedelta(days=3), 0),)})
        assert planning.next_log_day(ledger, {0: FIRST - timedelta(days=2)}, FLOOR) == FIRST
        assert planning.next_log_day(ledger, {0: FIRST, 1: FIRST}, FLOOR) == FIRST
        assert planning.next_log_day(ledger, {1: FIRST}, FLOOR) == FIRST + timedelta(days=3)
        assert planning.next_log_day(ledger, {}, FLOOR) is None


def test_behind_counts_from_where_landing_began() -> None:
    ledger = Ledger(landed={0: 7}, first={1: 5})
    assert ledger.behind({1: 9, 0: 10, 2: 3}) == {0: 3, 1: 4, 2: 3}
