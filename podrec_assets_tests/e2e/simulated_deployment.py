"""A deployment on simulated time: real stores, sensors and conditions; runs in this process."""

import asyncio
from datetime import date, datetime
from typing import NamedTuple

import dagster as dg

from podrec_assets.cli.run import errors_of
from podrec_assets.definitions import build_defs
from podrec_assets.defs.automation import AUTOMATION_TAG
from podrec_assets.defs.io_managers.delta import DeltaIOManager
from podrec_assets.defs.io_managers.mongo import MongoIOManager
from podrec_assets.defs.partitions import days_of_tags, range_tags
from podrec_assets.pipelines.connections import Connections
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import to_ranges
from podrec_assets_tests.defs.dagster_internals import (
    FRESHNESS_EVALUATORS_BY_POLICY_TYPE,
    AssetDaemonCursor,
    LoadingContextForTest,
    freeze_time,
)
from podrec_assets_tests.defs.simulated_days import EVALUATOR

SENSORS = ("episodes_offsets", "user_events_offsets", "late_events")
JUDGED = {dg.AssetKey("final_recommendations"), dg.AssetKey("user_events")}
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class Run(NamedTuple):
    """When a run was made, of which assets and days, and what failed in it."""

    at: datetime
    assets: list[str]
    first: date
    last: date
    errors: list[str]


class SimulatedDeployment:
    """What the daemon does, at times that the caller gives.

    Attributes:
        connections: stores, with the simulated clock.
        runs: each run, in order.
    """

    def __init__(self, settings: Settings, instance: dg.DagsterInstance, begin: datetime) -> None:
        self.now, self.instance = begin, instance
        self.cursor: AssetDaemonCursor | None = None
        self.connections = Connections(settings, {}, lambda: self.now)
        self.defs = build_defs(
            settings,
            connections=self.connections,
            delta=DeltaIOManager(connections=self.connections),
            mongo=MongoIOManager(connections=self.connections),
        )
        self.graph = self.defs.resolve_asset_graph()
        self.job = self.defs.resolve_implicit_global_asset_job_def()
        self.cursors: dict[str, str | None] = dict.fromkeys(SENSORS)
        self.runs: list[Run] = []

    def tick(self, now: datetime) -> None:
        """Ticks like the daemon: first the sensors and their runs, then the conditions."""
        self.now = now
        with freeze_time(now):
            for name in SENSORS:
                self._sense(name)
            found = EVALUATOR.submit(
                dg.evaluate_automation_conditions,
                self.defs,
                self.instance,
                # Checks that are due by themselves are not run here.
                dg.AssetSelection.all(),
                evaluation_time=now,
                cursor=self.cursor,
            ).result()
            self.cursor = found.cursor
            # As backfills do: inputs first, and together what is asked for the same days.
            together: list[tuple[list[str], list[str]]] = []
            for key in self.graph.toposorted_asset_keys:
                if days := sorted(k for k in found.get_requested_partitions(key) if k):
                    if not together or together[-1][0] != days:
                        together.append((days, []))
                    together[-1][1].append(key.to_user_string())
            for days, names in together:
                for first, last in to_ranges(map(date.fromisoformat, days)):
                    self._run(names, first, last, AUTOMATION_TAG)

    def freshness(self, now: datetime) -> dict[str, str]:
        """The badge of each asset at a time, as the freshness daemon computes it."""
        with freeze_time(now):
            context = LoadingContextForTest(self.instance)
            nodes = [self.graph.get(k) for k in self.graph.get_all_asset_keys()]
            return asyncio.run(_badges(context, [n for n in nodes if n.freshness_policy]))

    def made(self, asset: str) -> set[str]:
        """Days that Dagster knows as materialized."""
        return set(self.instance.get_materialized_partitions(dg.AssetKey(asset)))

    def _sense(self, name: str) -> None:
        with dg.build_sensor_context(
            self.instance,
            self.cursors[name],
            resources={"connections": self.connections},
            sensor_name=name,
        ) as context:
            found = self.defs.resolve_sensor_def(name).evaluate_tick(context)
        self.cursors[name] = found.cursor
        for event in found.asset_events:
            self.instance.report_runless_asset_event(event)
        for request in found.run_requests or []:
            span = days_of_tags(request.tags)
            assert span
            self._run(
                [k.to_user_string() for k in request.asset_selection or []],
                *span,
                dict(request.tags),
            )

    def _run(self, names: list[str], first: date, last: date, tags: dict[str, str]) -> None:
        keys = {dg.AssetKey(n) for n in names}
        # The gate and the account of the offsets; the other checks take half of the time and have
        # tests of their own.
        checks = {
            k
            for k in self.graph.asset_check_keys
            if k.asset_key in keys & JUDGED and self.graph.get(k).blocking
        }
        result = self.job.get_subset(
            asset_selection=keys, asset_check_selection=checks
        ).execute_in_process(
            instance=self.instance,
            tags=tags | range_tags(first, last),
            raise_on_error=False,
            run_config=QUIET,
        )
        self.runs.append(Run(self.now, names, first, last, errors_of(result)))


async def _badges(context: LoadingContextForTest, nodes: list) -> dict[str, str]:
    evaluators = [FRESHNESS_EVALUATORS_BY_POLICY_TYPE[type(n.freshness_policy)]() for n in nodes]
    found = await asyncio.gather(
        *(e.evaluate_freshness(context, n) for e, n in zip(evaluators, nodes, strict=True))
    )
    return {n.key.to_user_string(): state.value for n, state in zip(nodes, found, strict=True)}
