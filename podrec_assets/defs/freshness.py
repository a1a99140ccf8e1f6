"""By when an asset has to be made: the badge of the UI, and the hour after which yesterday's
partition must be there.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import dagster as dg


@dataclass(frozen=True)
class Deadline:
    """Yesterday is complete by an hour of each day, UTC.

    Attributes:
        hour: by when yesterday's partition has to be there.
        begin: hour from which a materialization counts as this day's.
    """

    hour: int
    begin: int

    @property
    def policy(self) -> dg.FreshnessPolicy:
        """The badge: made between `begin` and `hour`, or since. It cannot tell which day was made,
        `expected_day` does.
        """
        return dg.FreshnessPolicy.cron(
            f"0 {self.hour} * * *", timedelta(hours=self.hour - self.begin), timezone="UTC"
        )

    def expected_day(self, now: datetime) -> date:
        """The latest day whose partition has to be there by now."""
        return now.date() - timedelta(days=1 if now.hour >= self.hour else 2)


FACTS = (
    "sources",
    "episodes",
    "transcripts",
    "vectors",
    "user_events",
    "user_vs_episode_daily",
    "dead_letters",
)
"""What follows its inputs: topics land for the new day after midnight, and yesterday's facts are
closed at 00:30.
"""
MODELS = (
    "similarities",
    "als_top_n",
    "fusion_weights",
    "final_recommendations",
    "publication",
    "recommendation_quality",
    "blend_experiment",
)
"""What is made at 03:00 from yesterday's facts."""
DEADLINES = dict.fromkeys(FACTS, Deadline(hour=2, begin=0)) | dict.fromkeys(
    MODELS, Deadline(hour=6, begin=3)
)
"""When yesterday's partition has to be there, by asset; one that is not here promises nothing."""


def quiet_at_most(warn: timedelta, fail: timedelta) -> dg.FreshnessPolicy:
    """The badge of what others write: how long it may be silent before somebody should look."""
    return dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=warn)
