"""The state of withdrawals: several misses withdraw, a find returns, a person's word outranks."""

from datetime import UTC, datetime, timedelta

import pytest

from podrec_assets.content.withdrawals import (
    AUDIO,
    FEED,
    MISSED,
    PERSON,
    RETURNED,
    WITHDRAWN,
    Withdrawals,
    after_find,
    after_miss,
    record,
    withdrawals,
)

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


class Log:
    """Records in the order of their hours."""

    def __init__(self) -> None:
        self.records: list[dict] = []

    @property
    def state(self) -> Withdrawals:
        return withdrawals(reversed(self.records))

    def person(self, action: str, target: str = "e1", hour: float = 0) -> None:
        at = NOW + timedelta(hours=hour)
        self.records.append(record(target, PERSON, action, "asked for", at))

    def miss(self, hour: float, source: str = FEED) -> None:
        at = NOW + timedelta(hours=hour)
        self.records += after_miss(self.state, "e1", source, 3, "not there", at)

    def find(self, hour: float, source: str = FEED) -> None:
        at = NOW + timedelta(hours=hour)
        self.records += after_find(self.state, "e1", source, "there again", at)

    def withdrawn_by(self, episode: str = "e1", show: str = "s1") -> str | None:
        withdrawal = self.state.of(episode, show)
        return withdrawal.source if withdrawal else None


@pytest.fixture
def log() -> Log:
    return Log()


def test_the_third_miss_withdraws_and_later_ones_record_nothing(log: Log) -> None:
    for hour in range(5):
        log.miss(hour)
    assert [r["action"] for r in log.records] == [MISSED, MISSED, WITHDRAWN]
    withdrawal = log.state.of("e1", "s1")
    assert withdrawal
    assert (withdrawal.source, withdrawal.withdrawn_at) == (FEED, NOW + timedelta(hours=2))
    assert withdrawal.reason == "not there"


def test_a_find_starts_the_count_again_and_brings_a_withdrawn_episode_back(log: Log) -> None:
    for hour in (0, 1):
        log.miss(hour)
    log.find(2)
    for hour in (3, 4):
        log.miss(hour)
    assert log.withdrawn_by() is None
    log.miss(5)
    assert log.withdrawn_by() == FEED
    log.find(6)
    assert log.withdrawn_by() is None
    log.find(7)
    assert log.records[-1]["recorded_at"] == NOW + timedelta(hours=6)


def test_of_one_day_only_one_miss_of_the_audio_counts(log: Log) -> None:
    for hour in (0, 1, 2, 15.9, 16, 39):
        log.miss(hour, AUDIO)
    assert [r["action"] for r in log.records] == [MISSED, MISSED]
    log.miss(40, AUDIO)
    assert log.withdrawn_by() == AUDIO


def test_what_a_person_withdrew_stays_until_the_person_undoes_it(log: Log) -> None:
    log.person(WITHDRAWN)
    log.miss(1)
    log.find(2)
    log.find(2, AUDIO)
    assert log.withdrawn_by() == PERSON
    log.person(RETURNED, hour=3)
    assert log.withdrawn_by() is None
    assert len(log.records) == 4


def test_a_withdrawn_show_withdraws_all_its_episodes_but_none_of_another(log: Log) -> None:
    log.person(WITHDRAWN, "s1")
    assert (log.withdrawn_by(), log.withdrawn_by("e-new")) == (PERSON, PERSON)
    assert log.withdrawn_by("e2", "s2") is None
    assert log.state.among([("e1", "s1"), ("e2", "s2"), ("e3", None)]) == {"e1"}
    log.person(RETURNED, "s1", 1)
    assert log.withdrawn_by() is None


@pytest.mark.parametrize("source", [FEED, AUDIO])
def test_what_a_person_brought_back_is_not_withdrawn_again_before_it_was_found(
    log: Log, source: str
) -> None:
    for hour in (0, 24, 48):
        log.miss(hour, source)
    log.person(RETURNED, hour=49)
    for hour in (72, 96, 120, 144):
        log.miss(hour, source)
    assert log.withdrawn_by() is None
    log.find(145, source)
    for hour in (168, 192, 216):
        log.miss(hour, source)
    assert log.withdrawn_by() == source


def test_the_current_withdrawals_are_the_newest_first(log: Log) -> None:
    log.person(WITHDRAWN, "e1")
    log.person(WITHDRAWN, "s1", 1)
    log.person(WITHDRAWN, "e1", 2)
    assert [(w.target_id, w.withdrawn_at) for w in log.state.current] == [
        ("s1", NOW + timedelta(hours=1)),
        ("e1", NOW),
    ]
