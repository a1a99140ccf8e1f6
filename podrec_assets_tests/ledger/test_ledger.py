"""Log days equal the running maximum of record dates, for any cut of the log into batches."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podrec_assets.errors import DataLossError
from podrec_assets.ledger import ledger as offsets
from podrec_assets.ledger import planning
from podrec_assets.ledger.continuity import check_available, check_continuity
from podrec_assets.ledger.gaps import count_gaps
from podrec_assets.ledger.ledger import FirstOffsets, Ledger, advance, begin, json_by_partition
from podrec_assets.ledger.reconciliation import accounts
from podrec_assets.ledger.record_dates import LAST_MS, date_of, usable_ms

FIRST = date(2026, 11, 1)
FLOOR, TODAY = date(2026, 10, 30), date(2026, 11, 12)
LOGS = st.dictionaries(
    st.integers(0, 2),
    st.lists(st.integers(-5, 11).map(lambda n: FIRST + timedelta(days=n)), max_size=12),
    min_size=1,
    max_size=3,
)


def land(
    log: Mapping[int, Sequence[date | None]], cuts: list[float], today: date = TODAY
) -> Ledger:
    """Returns the ledger after a log was read in batches that end at the given shares."""
    ledger = begin(Ledger(), dict.fromkeys(log, 0), "id")
    for cut in [*sorted(cuts), 1.0]:
        ends = {p: max(ledger.landed[p], round(cut * len(days))) for p, days in log.items()}
        earliest: FirstOffsets = {p: {} for p in log}
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


@given(
    st.lists(
        st.one_of(st.none(), st.integers(-5, 5000).map(lambda n: FIRST + timedelta(days=n))),
        min_size=1,
        max_size=12,
    ),
    st.lists(st.floats(0, 1), max_size=4),
)
@settings(max_examples=300, deadline=None)
def test_a_date_that_is_absent_or_ahead_takes_the_day_reached_for_any_batches(
    log: list[date | None], cuts: list[float]
) -> None:
    ledger = land({0: log}, cuts)
    reached: date | None = None
    for offset, stamped in enumerate(log):
        day = reached or TODAY
        if stamped is not None and stamped <= TODAY:
            day = max(FLOOR, stamped, reached or FLOOR)
        reached = day
        assert ledger.day_of(0, offset) == day
    assert ledger.landed == {0: len(log)}


def test_a_boundary_does_not_move_when_the_day_that_was_ahead_has_come() -> None:
    tomorrow = TODAY + timedelta(days=1)
    ledger = land({0: [TODAY, tomorrow]}, [])
    repeated = advance(ledger, {0: 3}, {0: {TODAY: 0, tomorrow: 1}}, FLOOR, tomorrow)
    assert repeated.starts == ledger.starts == {0: ((TODAY, 0),)}


@given(
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 3)), min_size=1, max_size=12),
    st.integers(0, 3),
    st.lists(st.floats(0, 1), max_size=3),
)
@settings(max_examples=300, deadline=None)
def test_the_gaps_of_a_day_are_its_offsets_without_a_record_for_any_batches(
    log: list[tuple[int, int]], tail: int, cuts: list[float]
) -> None:
    records: list[tuple[int, date]] = []  # offset and date; gaps of any length lie before each
    end = 0
    for days_later, gap in log:
        records.append((end + gap, FIRST + timedelta(days=days_later)))
        end += gap + 1
    ledger = begin(Ledger(), {0: 0}, "id")
    for cut in [*sorted(cuts), 1.0]:
        part = [r for r in records[: round(cut * len(records))] if r[0] >= ledger.landed[0]]
        ledger = land_part(ledger, part, part[-1][0] + 1 if part else ledger.landed[0])
    ledger = land_part(ledger, [], end + tail)
    for day in ledger.days():
        start, stop = ledger.ranges(day).get(0, (0, 0))
        held = sum(start <= offset < stop for offset, _ in records)
        assert stop - start - ledger.gaps.get(0, {}).get(day, 0) == held
        for account in accounts(ledger, [day], Counter({(day, 0): held}), Counter()):
            assert (account.missing_count, account.record_count) == (0, held)
    assert Ledger.from_json(ledger.to_json()) == ledger


def land_part(ledger: Ledger, part: list[tuple[int, date]], end: int) -> Ledger:
    """Returns the ledger after the records [landed, end), some of whose offsets hold none."""
    earliest: dict[date | None, int] = {}
    for offset, day in part:
        earliest.setdefault(day, offset)
    after = advance(ledger, {0: end}, {0: earliest}, FLOOR, TODAY)
    records = Counter((after.day_of(0, offset), 0) for offset, _ in part)
    return count_gaps(ledger, after, records)


def test_a_ledger_round_trips_through_json() -> None:
    ledger = land({0: [FIRST, FIRST + timedelta(days=2)], 3: [FIRST]}, [0.5])
    assert Ledger.from_json(ledger.to_json()) == ledger
    assert Ledger.from_json(None) == Ledger()


def test_json_has_partitions_as_text_in_numeric_order() -> None:
    assert list(json_by_partition({10: 1, 2: 5, 0: 7}).items()) == [("0", 7), ("2", 5), ("10", 1)]


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
        check_continuity("events", ledger, low, ends, topic_id)
    check_continuity("events", ledger, {0: 0}, {0: 2}, "id")


def test_replay_of_what_retention_removed_is_refused() -> None:
    with pytest.raises(DataLossError, match="no longer holds offsets 3 to 5"):
        check_available("events", {0: (3, 9)}, {0: 6})
    check_available("events", {0: (3, 9)}, {0: 3})


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

    def test_offsets_without_a_record_are_requested_too_so_that_their_lag_ends(self) -> None:
        plan = planning.plan("events", self.ledger, {0: 12, 1: 5}, None, TODAY, TODAY)
        assert (plan.first_day, plan.last_day, plan.lag) == (TODAY, TODAY, 2)

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
        early = FIRST - timedelta(days=2)
        assert planning.next_log_day(ledger, {0: early}, FLOOR, TODAY) == FIRST
        assert planning.next_log_day(ledger, {0: FIRST, 1: FIRST}, FLOOR, TODAY) == FIRST
        assert planning.next_log_day(ledger, {1: FIRST}, FLOOR, TODAY) == FIRST + timedelta(days=3)
        assert planning.next_log_day(ledger, {}, FLOOR, TODAY) is None

    @pytest.mark.parametrize("stamped", [None, date(2031, 1, 1)], ids=["no date", "years ahead"])
    def test_a_record_without_a_usable_date_is_requested_for_the_day_reached(
        self, stamped: date | None
    ) -> None:
        ledger = Ledger(starts={0: ((FIRST, 0),)})
        assert planning.next_log_day(ledger, {0: stamped}, FLOOR, TODAY) == FIRST
        assert planning.next_log_day(ledger, {1: stamped}, FLOOR, TODAY) == TODAY


@pytest.mark.parametrize(
    ("timestamp_ms", "day"),
    [
        (0, date(1970, 1, 1)),
        (1_796_085_825_771, date(2026, 12, 1)),
        (LAST_MS, date(9999, 12, 31)),
        (LAST_MS + 1, None),
        (1_796_085_825_771_000_000, None),
        (2**63 - 1, None),
        (-1, None),
        (-(2**63), None),
    ],
)
def test_a_timestamp_outside_of_the_calendar_has_no_date(
    timestamp_ms: int, day: date | None
) -> None:
    assert date_of(usable_ms(timestamp_ms)) == day


def test_behind_counts_from_where_landing_began() -> None:
    ledger = Ledger(landed={0: 7}, first={1: 5})
    assert ledger.behind({1: 9, 0: 10, 2: 3}) == {0: 3, 1: 4, 2: 3}
