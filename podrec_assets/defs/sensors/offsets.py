"""Offset sensors: compare a topic's end offsets with the landed ones, and request runs.

They never consume the topic.
"""

import json

import dagster as dg

from podrec_assets.defs.sensors.run_backoff import attempts, request
from podrec_assets.errors import PodrecError
from podrec_assets.ledger import ledger as offsets
from podrec_assets.ledger import planning
from podrec_assets.ledger.continuity import check_continuity
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening.stream_lock import is_streaming
from podrec_assets.schemas import EPISODES, USER_EVENTS

MINIMUM_INTERVAL_S = 30
LANDS = "podrec/lands"
"""Tag of the runs that an offset sensor requests; its value is the asset that they land."""


def build_offset_sensor(
    asset_name: str, topic_asset: str, topic_setting: str
) -> dg.SensorDefinition:
    """A sensor that requests the log days that are not landed yet, as one run.

    Args:
        asset_name: the asset (and Delta table) that lands the topic.
        topic_asset: the external asset of the topic.
        topic_setting: name of the setting with the topic's name.
    """

    @dg.sensor(
        name=f"{asset_name}_offsets",
        target=dg.AssetSelection.assets(asset_name),
        minimum_interval_seconds=MINIMUM_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Requests `{asset_name}` for the log days whose offsets are not landed yet. "
        f"Reports the topic's end offsets and lag on `{topic_asset}`.",
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
                check_continuity(
                    topic, ledger, kafka.begin_offsets(topic), ends, kafka.topic_id(topic)
                )
            first_days = kafka.first_record_days(topic, {p: ledger.landed.get(p, 0) for p in ends})
        except PodrecError as err:
            return dg.SensorResult(skip_reason=str(err), cursor=context.cursor)
        start_day, today = connections.settings.start_day, now.date()
        next_day = planning.next_log_day(ledger, first_days, start_day, today)
        plan = planning.plan(topic, ledger, ends, next_day, today, state.latest_day)
        cursor = json.dumps(offsets.json_by_partition(ends))
        events = [] if cursor == context.cursor else [_topic_event(topic_asset, ends, plan.lag)]
        if plan.first_day is None or plan.last_day is None:
            return dg.SensorResult(skip_reason=plan.reason, cursor=cursor, asset_events=events)
        if asset_name == USER_EVENTS.name and is_streaming(connections.lake):
            return dg.SensorResult(
                skip_reason="podrec stream lands these events", cursor=cursor, asset_events=events
            )
        # An unfinished run also lands what has arrived since it was requested.
        previous = attempts(context.instance, LANDS, asset_name)
        if reason := previous.reason_to_wait(f"landing {asset_name}", now):
            return dg.SensorResult(skip_reason=reason, cursor=cursor, asset_events=events)
        landing = request(
            LANDS, asset_name, plan.first_day, plan.last_day, previous.key(plan.run_key)
        )
        return dg.SensorResult(run_requests=[landing], cursor=cursor, asset_events=events)

    return offset_sensor


def _topic_event(topic_asset: str, ends: offsets.Offsets, lag: int) -> dg.AssetMaterialization:
    """Reports that the topic has new records: its end offsets are its data version."""
    version = "|".join(f"{p}:{o}" for p, o in sorted(ends.items()))
    return dg.AssetMaterialization(
        topic_asset,
        metadata={
            "end_offsets": offsets.json_by_partition(ends),
            "lag": lag,
            "record_count": sum(ends.values()),
        },
        tags={"dagster/data_version": version},
    )


OFFSET_SENSORS = [
    build_offset_sensor(EPISODES.name, "episode_metadata_topic", "episodes_topic"),
    build_offset_sensor(USER_EVENTS.name, "user_events_topic", "events_topic"),
]
