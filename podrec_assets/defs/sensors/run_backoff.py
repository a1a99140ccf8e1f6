"""Repeats failed requests after growing waits, forever, so that nobody has to restart them."""

from collections.abc import Iterable
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
MAX_COUNTED = 10
"""Latest runs that are counted; after this many failures the wait has long stopped growing."""


@dataclass(frozen=True)
class Attempts:
    """The latest runs that a sensor requested for one purpose.

    Attributes:
        is_running: one of them is not finished.
        failure_count: failures in a row up to the latest run; at most MAX_COUNTED.
        last_run_id: of the latest run; "" if there is none.
        due_at: when the next run may be requested.
    """

    is_running: bool
    failure_count: int
    last_run_id: str
    due_at: datetime

    def reason_to_wait(self, what: str, now: datetime) -> str | None:
        """Skip reason for the sensor's tick, or None if a run may be requested now."""
        if self.is_running:
            return f"{what} is in progress"
        if now < self.due_at:
            return (
                f"{what} failed {self.failure_count} times in a row, last in run "
                f"{self.last_run_id[:8]}; the next attempt is due at {self.due_at:%H:%M} UTC"
            )
        return None

    def key(self, run_key: str) -> str:
        """The run key of the next request, unique for each attempt after a failure.

        Dagster never launches a second run for a key.
        """
        return f"{run_key}#after:{self.last_run_id}" if self.failure_count else run_key


def request(
    tag: str, asset: str, first: date, last: date, run_key: str | None = None
) -> dg.RunRequest:
    """A run of an asset for the days first..last; `attempts` finds it by the tag."""
    tags = {tag: asset, **range_tags(first, last)}
    return dg.RunRequest(run_key=run_key, asset_selection=[dg.AssetKey(asset)], tags=tags)


def range_requests(
    previous: Attempts,
    tag: str,
    asset: str,
    ranges: Iterable[tuple[date, date]],
    purpose: str,
    version: object,
) -> list[dg.RunRequest]:
    """One request for each range of days, and none twice for the same purpose and version.

    A range is requested again for the same version only after a failure.
    """
    return [
        request(tag, asset, first, last, previous.key(f"{purpose}:{first}..{last}:{version}"))
        for first, last in ranges
    ]


def attempts(instance: dg.DagsterInstance, tag: str, asset: str) -> Attempts:
    """The attempts among the runs that `request` made for the asset with the tag."""
    tags, never = {tag: asset}, datetime.min.replace(tzinfo=UTC)
    if instance.get_run_records(dg.RunsFilter(tags=tags, statuses=UNFINISHED), limit=1):
        return Attempts(True, 0, "", never)
    records = instance.get_run_records(dg.RunsFilter(tags=tags), limit=MAX_COUNTED)
    failures = 0
    for record in records:
        if record.dagster_run.status != _STATUS.FAILURE:
            break
        failures += 1
    if not failures:
        return Attempts(False, 0, "", never)
    latest = records[0]
    ended = datetime.fromtimestamp(latest.end_time or latest.update_timestamp.timestamp(), UTC)
    return Attempts(False, failures, latest.dagster_run.run_id, ended + wait_after(failures))


def wait_after(failures: int) -> timedelta:
    """The wait after this many failures in a row: doubles each time, up to LONGEST_WAIT."""
    return min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT)
