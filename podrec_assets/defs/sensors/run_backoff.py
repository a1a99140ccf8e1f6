"""Requests that failed come again, at a growing distance and for ever: a sensor that gave up would
need a hand.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from podrec_assets.defs.partitions import range_tags

_STATUS = dg.DagsterRunStatus
UNFINISHED = [
    _STATUS.QUEUED,
    _STATUS.NOT_STARTED,
    _STATUS.STARTING,
    _STATUS.STARTED,
    _STATUS.CANCELING,
]
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=2), timedelta(hours=1)
LOOKED_AT = 10
"""Runs that are looked back on; after as many failures the wait no longer grows."""


@dataclass(frozen=True)
class Attempts:
    """What became of the latest runs that a sensor requested for one purpose.

    Attributes:
        is_running: one of them is not finished.
        failure_count: failures in a row, the latest run included; at most LOOKED_AT.
        last_run_id: of the latest run; "" where there was none.
        due_at: when the next may be requested.
    """

    is_running: bool
    failure_count: int
    last_run_id: str
    due_at: datetime

    def reason_to_wait(self, what: str, now: datetime) -> str | None:
        """Why nothing may be requested now, in words for the sensor's tick; None where it may."""
        if self.is_running:
            return f"{what} is in progress"
        if now < self.due_at:
            return (
                f"{what} failed {self.failure_count} times in a row, run {self.last_run_id[:8]} last; "
                f"the next try is due at {self.due_at:%H:%M} UTC"
            )
        return None

    def key(self, run_key: str) -> str:
        """The run key of the next request: Dagster never runs a key again, so each try after a
        failure has its own.
        """
        return f"{run_key}#after:{self.last_run_id}" if self.failure_count else run_key


def request(
    tag: str, asset: str, first: date, last: date, run_key: str | None = None
) -> dg.RunRequest:
    """A run of an asset's days first..last that `attempts` finds again by the tag."""
    tags = {tag: asset, **range_tags(first, last)}
    return dg.RunRequest(run_key=run_key, asset_selection=[dg.AssetKey(asset)], tags=tags)


def attempts(instance: dg.DagsterInstance, tag: str, value: str) -> Attempts:
    """The attempts of the runs that bear a tag."""
    if instance.get_run_ids(dg.RunsFilter(tags={tag: value}, statuses=UNFINISHED), limit=1):
        return Attempts(True, 0, "", datetime.min.replace(tzinfo=UTC))
    records = instance.get_run_records(dg.RunsFilter(tags={tag: value}), limit=LOOKED_AT)
    failures = 0
    for record in records:
        if record.dagster_run.status != _STATUS.FAILURE:
            break
        failures += 1
    if not failures:
        return Attempts(False, 0, "", datetime.min.replace(tzinfo=UTC))
    ended = datetime.fromtimestamp(
        records[0].end_time or records[0].update_timestamp.timestamp(), UTC
    )
    return Attempts(False, failures, records[0].dagster_run.run_id, ended + wait_after(failures))


def wait_after(failures: int) -> timedelta:
    """How long to wait after so many failures in a row: doubled each time, an hour at most."""
    return min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT)
