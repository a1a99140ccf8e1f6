"""Token buckets on a fake clock."""

import pytest

from podrec_assets.serving import token_buckets
from podrec_assets.serving.token_buckets import TokenBuckets


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_after_a_burst_each_token_is_granted_when_it_is_gained() -> None:
    clock = Clock()
    buckets = TokenBuckets(per_second=2, burst=3, clock=clock)
    assert [buckets.wait_s("a") for _ in range(4)] == [0, 0, 0, 0.5]
    clock.now = 0.25
    assert buckets.wait_s("a") == pytest.approx(0.25)
    clock.now = 0.5
    assert [buckets.wait_s("a") for _ in range(2)] == [0, 0.5]


def test_a_long_pause_fills_the_bucket_up_to_its_burst() -> None:
    clock = Clock()
    buckets = TokenBuckets(per_second=100, burst=2, clock=clock)
    clock.now = 1000
    assert [bool(buckets.wait_s("a")) for _ in range(3)] == [False, False, True]


def test_one_client_does_not_use_up_anothers_tokens() -> None:
    buckets = TokenBuckets(per_second=1, burst=1, clock=Clock())
    assert [bool(buckets.wait_s(c)) for c in ("a", "a", "b")] == [False, True, False]


def test_the_number_of_buckets_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_buckets, "MAX_CLIENTS", 3)
    buckets = TokenBuckets(per_second=1, burst=1, clock=Clock())
    for client in "abcde":
        buckets.wait_s(client)
    assert len(buckets._buckets) == 3
    assert buckets.wait_s("e")
