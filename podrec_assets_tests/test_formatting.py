"""Values as people read them."""

import pytest

from podrec_assets.formatting import clock


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0:00"),
        (59.9, "0:59"),
        (61, "1:01"),
        (3599, "59:59"),
        (3600, "1:00:00"),
        (7325, "2:02:05"),
    ],
)
def test_seconds_are_formatted_with_hours_only_from_an_hour_on(
    seconds: float, expected: str
) -> None:
    assert clock(seconds) == expected
