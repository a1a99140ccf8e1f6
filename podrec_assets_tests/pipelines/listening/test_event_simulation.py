"""The rate of a load test, on a fake clock."""

from itertools import count

import pytest

from podrec_assets.pipelines.listening.event_simulation import paced


class Clock:
    """A fake clock that advances on sleep, and by `cost_s` on every reading."""

    def __init__(self, cost_s: float) -> None:
        self.now, self.cost_s = 100.0, cost_s

    def __call__(self) -> float:
        self.now += self.cost_s
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_values_come_at_the_rate_for_the_given_time() -> None:
    clock = Clock(0.0001)
    times = [clock.now for _ in paced(count(), 20, 5, clock, clock.sleep)]
    assert len(times) == 100
    assert times[-1] - times[0] == pytest.approx(99 / 20, abs=0.02)


def test_an_iterator_that_is_too_slow_stops_in_time_with_fewer_values() -> None:
    clock = Clock(0.05)
    assert 10 < len(list(paced(count(), 1000, 5, clock, clock.sleep))) < 60


def test_an_exhausted_iterator_ends_the_load() -> None:
    clock = Clock(0.001)
    assert list(paced("abc", 1000, 5, clock, clock.sleep)) == ["a", "b", "c"]
