"""Checks of landed events: complete by the ledger, replayable, and of known episodes."""

import dagster as dg

from podrec_assets.day_windows import days_between
from podrec_assets.defs.checks.run_days import days_of_run, run_filter
from podrec_assets.errors import RetryableError
from podrec_assets.ledger.ledger import json_by_partition
from podrec_assets.ledger.reconciliation import no_longer_held
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening.event_recovery import accounts_of
from podrec_assets.pipelines.listening.listener_volume import excess_events
from podrec_assets.schemas import EPISODES, USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.visible_text import visible

SHOWN = 20


@dg.asset_check(
    asset=USER_EVENTS.name,
    blocking=True,
    description="For each day and Kafka partition of the run: rows + dead letters + offsets "
    "recorded as lost = end offset - start offset - offsets that held no record.",
)
def offsets_add_up(
    context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.AssetCheckResult:
    lake = connections.lake
    days = days_between(*days_of_run(context, lake.state(USER_EVENTS.name).latest_day))
    accounts = accounts_of(lake, days)
    faults = [str(a) for a in accounts if a.missing_count]
    return dg.AssetCheckResult(
        passed=not faults,
        metadata={
            "offset_count": sum(a.end - a.start for a in accounts),
            "record_count": sum(a.record_count for a in accounts),
            "row_count": sum(a.row_count for a in accounts),
            "dead_letter_count": sum(a.letter_count for a in accounts),
            "lost_count": sum(a.lost_count for a in accounts),
            "faults": faults[:SHOWN],
        },
    )


@dg.asset_check(
    asset=USER_EVENTS.name,
    description="Every landed offset is still in Kafka, so that any day can be replayed. A failure "
    "names the offsets that retention removed. Such days can be restored from the table's history, "
    "as far back as that goes.",
)
def log_is_replayable(connections: dg.ResourceParam[Connections]) -> dg.AssetCheckResult:
    topic = connections.settings.events_topic
    ledger = connections.lake.ledger(USER_EVENTS.name)
    try:
        gone = no_longer_held(ledger, connections.kafka.begin_offsets(topic))
    except RetryableError as err:
        return dg.AssetCheckResult(
            passed=False, severity=dg.AssetCheckSeverity.WARN, metadata={"reason": str(err)}
        )
    lost = json_by_partition(
        {p: [f"{a} to {b - 1}" for a, b in spans] for p, spans in ledger.lost.items()}
    )
    return dg.AssetCheckResult(
        passed=not gone and not lost,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "no_longer_in_kafka": json_by_partition(
                {p: f"{start} to {end - 1}" for p, (start, end) in gone.items()}
            ),
            "lost_before_landing": lost,
        },
    )


@dg.asset_check(
    asset=USER_VS_EPISODE_DAILY.name,
    description="Every episode that was listened to on the days of the run has been announced. "
    "Unknown episodes count in the scores but cannot be recommended. Many of them mean that a feed "
    "is missing, or that a player sends other ids.",
)
def episodes_are_known(
    context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.AssetCheckResult:
    lake = connections.lake
    where = run_filter(context, lake, USER_VS_EPISODE_DAILY.name)
    heard = lake.read(USER_VS_EPISODE_DAILY.name, where, ("episode_id",))["episode_id"]
    known = lake.read(EPISODES.name, columns=("episode_id",))["episode_id"]
    unknown = sorted(set(heard.to_pylist()) - set(known.to_pylist()))
    return dg.AssetCheckResult(
        passed=not unknown,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"unknown_episode_count": len(unknown), "unknown_episodes": unknown[:SHOWN]},
    )


@dg.asset_check(
    asset=USER_VS_EPISODE_DAILY.name,
    description="No listener had more events on a day of the run than "
    "PODREC_LISTENER_EVENTS_PER_DAY. Later events of that day are kept in user_events but weigh "
    "nothing, and the listener's rows are flagged as is_capped. Usually it is a faulty player, a "
    "robot, or many people under one user_id.",
)
def listener_volume_is_bounded(
    context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.AssetCheckResult:
    lake, bound = connections.lake, connections.settings.listener_events_per_day
    where = run_filter(context, lake, USER_VS_EPISODE_DAILY.name)
    capped = lake.read(USER_VS_EPISODE_DAILY.name, f"{where} AND is_capped", ("day", "user_id"))
    excess = excess_events(lake, capped, bound)
    most = sorted(excess, key=lambda place: (-excess[place], place))
    return dg.AssetCheckResult(
        passed=not excess,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "events_per_day": bound,
            "capped_listener_count": len({user for _, user in excess}),
            "excess_event_count": sum(excess.values()),
            "listeners": {
                visible(f"{user} on {day}"): excess[day, user] for day, user in most[:SHOWN]
            },
        },
    )


CHECKS = [offsets_add_up, log_is_replayable, episodes_are_known, listener_volume_is_bounded]
