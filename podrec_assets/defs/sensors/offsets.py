"""Offset sensors: they compare a topic's end with what its table has landed, and plan. They never
consume.
"""

import json

import dagster as dg

from podrec_assets.defs.sensors.run_backoff import attempts, request
from podrec_assets.errors import PodrecError
from podrec_assets.ledger import ledger as offsets
from podrec_assets.ledger import planning
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening.event_landing import is_streaming
from podrec_assets.schemas import USER_EVENTS

MINIMUM_INTERVAL_S = 30
LANDS = "podrec/lands"
"""Tag of the runs that a sensor requests: the asset that they land."""


def build_offset_sensor(
    asset_name: str, topic_asset: str, topic_setting: str
) -> dg.SensorDefinition:
    """A sensor that requests the log days between the table's landed offsets and the topic's end,
    as one run.

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
    def offset_sensor(
        context: dg.SensorEvaluationContext, connections: dg.ResourceParam[Connections]
    ) -> dg.SensorResult:
        topic, now = getattr(connections.settings, topic_setting), connections.now()
        try:
            state = connections.lake.state(asset_name)
            ledger = offsets.Ledger.from_json(state.ledger)
            kafka, ends = connections.kafka, connections.kafka.end_offsets(topic)
            if ends:
                offsets.check_continuity(
                    topic, ledger, kafka.begin_offsets(topic), ends, kafka.topic_id(topic)
                )
            first_days = kafka.first_record_days(topic, {p: ledger.landed.get(p, 0) for p in ends})
        except PodrecError as err:
            return dg.SensorResult(skip_reason=str(err), cursor=context.cursor)
        next_day = planning.next_log_day(ledger, first_days, connections.settings.start_day)
        plan = planning.plan(topic, ledger, ends, next_day, now.date(), state.latest_day)
        cursor = json.dumps({str(p): o for p, o in sorted(ends.items())})
        events = [] if cursor == context.cursor else [_advance(topic_asset, ends, plan.lag)]
        if plan.first_day is None or plan.last_day is None:
            return dg.SensorResult(skip_reason=plan.reason, cursor=cursor, asset_events=events)
        if asset_name == USER_EVENTS.name and is_streaming(connections.lake):
            return dg.SensorResult(
                skip_reason="podrec stream lands these events", cursor=cursor, asset_events=events
            )
        # A run that is not finished takes along whatever has come meanwhile.
        tried = attempts(context.instance, LANDS, asset_name)
        if reason := tried.reason_to_wait(f"landing {asset_name}", now):
            return dg.SensorResult(skip_reason=reason, cursor=cursor, asset_events=events)
        wanted = request(LANDS, asset_name, plan.first_day, plan.last_day, tried.key(plan.run_key))
        return dg.SensorResult(run_requests=[wanted], cursor=cursor, asset_events=events)

    return offset_sensor


def _advance(topic_asset: str, ends: offsets.Offsets, lag: int) -> dg.AssetMaterialization:
    version = "|".join(f"{p}:{o}" for p, o in sorted(ends.items()))
    return dg.AssetMaterialization(
        topic_asset,
        metadata={
            "end_offsets": {str(p): o for p, o in sorted(ends.items())},
            "lag": lag,
            "record_count": sum(ends.values()),
        },
        tags={"dagster/data_version": version},
    )


SENSORS = [
    build_offset_sensor("episodes", "episode_metadata_topic", "episodes_topic"),
    build_offset_sensor("user_events", "user_events_topic", "events_topic"),
]
