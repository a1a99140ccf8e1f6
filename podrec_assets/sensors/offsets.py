"""Offset sensors: they compare a topic's end with what its table has landed, and plan. They never consume."""

import json
from datetime import UTC, datetime

import dagster as dg

from podrec_assets.errors import PodrecError
from podrec_assets.listening import offsets
from podrec_assets.resources.connections import Connections

MINIMUM_INTERVAL_S = 30


def build_offset_sensor(asset_name: str, topic_asset: str, topic_setting: str) -> dg.SensorDefinition:
    """A sensor that requests the log days between the table's landed offsets and the topic's end, as one run.

    Args:
        asset_name: asset (and Delta table) that lands the topic.
        topic_asset: external asset that stands for the topic.
        topic_setting: name of the setting that holds the topic's name.
    """

    @dg.sensor(
        name=f"{asset_name}_offsets",
        target=dg.AssetSelection.assets(asset_name),
        minimum_interval_seconds=MINIMUM_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Requests `{asset_name}` for the log days whose offsets are not landed yet.",
    )
    def offset_sensor(context: dg.SensorEvaluationContext, connections: dg.ResourceParam[Connections]) -> dg.SensorResult:
        topic = getattr(connections.settings, topic_setting)
        try:
            ledger = offsets.Ledger.from_json(connections.lake.state(asset_name).ledger)
            ends = connections.kafka.end_offsets(topic)
            next_day = connections.kafka.first_record_day(topic, {p: ledger.landed.get(p, 0) for p in ends})
        except PodrecError as err:
            return dg.SensorResult(skip_reason=str(err), cursor=context.cursor)
        if next_day is not None:
            next_day = max(next_day, connections.settings.start_day, *(s[-1][0] for s in ledger.starts.values()))
        plan = offsets.plan(topic, ledger, ends, next_day, datetime.now(UTC).date())
        cursor = json.dumps({str(p): o for p, o in sorted(ends.items())})
        events = [] if cursor == context.cursor else [_advance(topic_asset, ends, plan.lag)]
        if plan.first_day is None:
            return dg.SensorResult(skip_reason=plan.reason, cursor=cursor, asset_events=events)
        return dg.SensorResult(run_requests=[_request(asset_name, plan)], cursor=cursor, asset_events=events)

    return offset_sensor


def _request(asset_name: str, plan: offsets.Plan) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=plan.run_key,
        asset_selection=[dg.AssetKey(asset_name)],
        tags={
            "dagster/asset_partition_range_start": str(plan.first_day),
            "dagster/asset_partition_range_end": str(plan.last_day),
        },
    )


def _advance(topic_asset: str, ends: offsets.Offsets, lag: int) -> dg.AssetMaterialization:
    version = "|".join(f"{p}:{o}" for p, o in sorted(ends.items()))
    return dg.AssetMaterialization(
        topic_asset,
        metadata={"end_offsets": {str(p): o for p, o in sorted(ends.items())}, "lag": lag, "record_count": sum(ends.values())},
        tags={"dagster/data_version": version},
    )


SENSORS = [
    build_offset_sensor("episodes", "episode_metadata_topic", "episodes_topic"),
    build_offset_sensor("user_events", "user_events_topic", "events_topic"),
]
