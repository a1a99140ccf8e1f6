"""Deadlines of assets: the badge in the UI, and the hour by which yesterday's partition exists."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import dagster as dg

from podrec_assets.schemas import (
    ALS_TOP_N,
    BLEND_EXPERIMENT,
    DEAD_LETTERS,
    EPISODES,
    FUSION_WEIGHTS,
    LISTS,
    RECOMMENDATION_QUALITY,
    SIMILARITIES,
    SOURCES,
    TRANSCRIPTS,
    USER_EVENTS,
    USER_VS_EPISODE_DAILY,
    VECTORS,
    WITHDRAWALS,
)


@dataclass(frozen=True)
class Deadline:
    """The hour of each day, UTC, by which yesterday's partition must exist.

    Attributes:
        hour: the deadline.
        begin: hour from which a materialization counts for this day's deadline.
    """

    hour: int
    begin: int

    @property
    def policy(self) -> dg.FreshnessPolicy:
        """The badge: green if any partition was materialized between `begin` and `hour`, or later.

        Dagster cannot say which day that was; checks of `expected_day` can.
        """
        return dg.FreshnessPolicy.cron(
            f"0 {self.hour} * * *", timedelta(hours=self.hour - self.begin), timezone="UTC"
        )

    def expected_day(self, now: datetime) -> date:
        """The latest day whose partition must exist by now."""
        return now.date() - timedelta(days=1 if now.hour >= self.hour else 2)


FACTS = (
    SOURCES.name,
    EPISODES.name,
    TRANSCRIPTS.name,
    VECTORS.name,
    USER_EVENTS.name,
    USER_VS_EPISODE_DAILY.name,
    DEAD_LETTERS.name,
)
"""Assets that follow their inputs. Topics land for the new day after midnight, and yesterday's
facts are computed once more at 00:30.
"""
MODELS = (
    SIMILARITIES,
    ALS_TOP_N,
    FUSION_WEIGHTS.name,
    LISTS,
    "publication",
    RECOMMENDATION_QUALITY.name,
    BLEND_EXPERIMENT.name,
)
"""Assets that run at 03:00 on yesterday's facts."""
DEADLINES = (
    dict.fromkeys(FACTS, Deadline(hour=2, begin=0))
    | dict.fromkeys(MODELS, Deadline(hour=6, begin=3))
    | {WITHDRAWALS.name: Deadline(hour=6, begin=2)}
)
"""By asset. Assets not listed have no deadline."""


def quiet_at_most(warn: timedelta, fail: timedelta) -> dg.FreshnessPolicy:
    """The badge of an asset that others write: how long until silence warns, and until it fails."""
    return dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=warn)
