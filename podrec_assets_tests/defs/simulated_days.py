"""Automation on simulated time: ticks the conditions, and materializes what they request."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg

Requested = dict[str, list[date]]
EVALUATOR = ThreadPoolExecutor(1)
"""Evaluates off the main thread, as the daemon does.

On the main thread asyncio spends longer on its signal handler than on the evaluation.
"""


class SimulatedDays:
    """A graph whose materializations are events without runs, and whose clock is an argument.

    Attributes:
        requests: (time, asset, day) of each requested partition, in order.
        materialized: days of each asset that were materialized.
        succeeds: whether a request for (asset, day) succeeds at a time; all do by default.
    """

    def __init__(self, defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self.defs, self.instance = defs, instance
        self.cursor: Any = None
        graph = defs.resolve_asset_graph()
        self.order = [k.to_user_string() for k in graph.toposorted_asset_keys]
        self.inputs = {
            name: {k.to_user_string() for k in graph.get(dg.AssetKey(name)).parent_keys}
            for name in self.order
        }
        self.requests: list[tuple[datetime, str, date]] = []
        self.materialized: dict[str, set[date]] = {name: set() for name in self.order}
        self.succeeds: Callable[[str, date, datetime], bool] = lambda asset, day, at: True

    def make(self, asset: str, *days: date) -> None:
        """Reports days of an asset as materialized, as a landing run or a person would."""
        for day in days:
            self.instance.report_runless_asset_event(
                dg.AssetMaterialization(asset, partition=day.isoformat())
            )
            self.materialized[asset].add(day)

    def tick(self, at: datetime) -> Requested:
        """Requests of the automation sensor at a time, materialized at once, inputs first."""
        result = EVALUATOR.submit(
            dg.evaluate_automation_conditions,
            self.defs,
            self.instance,
            evaluation_time=at,
            cursor=self.cursor,
        ).result()
        self.cursor = result.cursor
        requested = {
            name: sorted(
                date.fromisoformat(k)
                for k in result.get_requested_partitions(dg.AssetKey(name))
                if k
            )
            for name in self.order
        }
        failed: set[tuple[str, date]] = set()
        for name, days in requested.items():
            self.requests += [(at, name, day) for day in days]
            # A run skips what lies behind its failed step.
            lost = {
                d
                for d in days
                if not self.succeeds(name, d, at)
                or any((i, d) in failed for i in self.inputs[name])
            }
            failed |= {(name, d) for d in lost}
            self.make(name, *(d for d in days if d not in lost))
        return {name: days for name, days in requested.items() if days}

    def ticks(
        self, first: datetime, last: datetime, step: timedelta
    ) -> Iterator[tuple[datetime, Requested]]:
        """Ticks from first to last, `step` apart."""
        while first <= last:
            yield first, self.tick(first)
            first += step

    def requested(self, asset: str, day: date) -> list[datetime]:
        """When a day of an asset was requested."""
        return [at for at, name, which in self.requests if (name, which) == (asset, day)]


def at(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """A UTC time of a day, a few seconds past the minute, as in the daemon."""
    return datetime(day.year, day.month, day.day, hour, minute, 7, tzinfo=UTC)
