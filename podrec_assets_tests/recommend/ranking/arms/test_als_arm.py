"""The sentences of the ALS arm."""

import pytest

from podrec_assets.recommend.ranking.arms.als_arm import reason_text


@pytest.mark.parametrize(
    ("title", "listeners", "sentence"),
    [
        ("Low Water", 3, "3 listeners who played “Low Water” as you did also played this."),
        ("Low Water", 1, "A listener who played “Low Water” as you did also played this."),
        ("Low Water", 0, "Listeners with a history like yours chose this."),
        (None, 3, "Listeners with a history like yours chose this."),
    ],
)
def test_the_reason_names_an_episode_only_if_others_played_both(
    title: str | None, listeners: int, sentence: str
) -> None:
    assert reason_text(title, listeners) == sentence
