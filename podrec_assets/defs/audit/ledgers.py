"""Audits of offsets: what Kafka has, what the ledgers say has landed, and what the tables have."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from podrec_assets.defs.audit.findings import Fault, commands_to_run
from podrec_assets.defs.run_failures import unresolved_failure
from podrec_assets.defs.sensors.late_events import computed_from
from podrec_assets.errors import DataLossError
from podrec_assets.ledger import ledger as offsets
from podrec_assets.ledger.continuity import check_continuity
from podrec_assets.ledger.ledger import Ledger
from podrec_assets.ledger.reconciliation import Account, accounts
from podrec_assets.listening.daily_score import INPUTS, counted_events_sql
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.listening.event_recovery import landed_letters
from podrec_assets.schemas import DEAD_LETTERS, EPISODES, USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.settings import Settings
from podrec_assets.stores import duckdb
from podrec_assets.stores.delta import Lake, letters_of, on_days

RESTORE_BOTH = "Kafka and the lake belong together: `podrec restore` both from one backup"
PLACE = ("day", "kafka_partition", "kafka_offset")


class OffsetSpan(NamedTuple):
    """The rows of one log day and Kafka partition, their distinct offsets, and the extreme ones."""

    row_count: int
    offset_count: int
    lowest: int
    highest: int


def topic_faults(connections: Connections) -> Iterator[Fault]:
    """Topics that were recreated, rewound or cut before landing, and inconsistent ledgers."""
    for topic, table in _topics(connections.settings):
        ledger, _ = _ledger(connections.lake, table)
        if not ledger.landed:
            continue
        yield from (Fault(f"{table}: {words}", RESTORE_BOTH) for words in contradictions(ledger))
        low, ends = connections.kafka.begin_offsets(topic), connections.kafka.end_offsets(topic)
        try:
            if missing := sorted(ledger.landed.keys() - ends.keys()):
                raise DataLossError(
                    f"{topic} has no partition {missing[0]}, but "
                    f"{ledger.landed[missing[0]]} of its offsets are landed."
                )
            check_continuity(topic, ledger, low, ends, connections.kafka.topic_id(topic))
        except DataLossError as err:
            yield Fault(str(err).rstrip("."), RESTORE_BOTH)
            continue
        yield from _other_records(connections, topic, table, ledger, low)


def landing_faults(connections: Connections, instance: dg.DagsterInstance) -> Iterator[Fault]:
    """Topics with records that wait because the last landing failed."""
    for topic, table in _topics(connections.settings):
        ledger, _ = _ledger(connections.lake, table)
        behind = ledger.behind(connections.kafka.end_offsets(topic))
        waiting = sum(count for count in behind.values() if count > 0)
        failure = unresolved_failure(instance, table) if waiting else None
        if failure:
            failed_at, reason = failure
            yield Fault(
                f"{waiting} records of {topic} wait: the last landing of {table} failed at "
                f"{failed_at:%Y-%m-%d %H:%M} UTC: {reason.rstrip('.')}",
                f"fix that, then {commands_to_run(table, [connections.now().date()])}",
            )


def _topics(settings: Settings) -> tuple[tuple[str, str], ...]:
    return (settings.episodes_topic, EPISODES.name), (settings.events_topic, USER_EVENTS.name)


def contradictions(ledger: Ledger) -> Iterator[str]:
    """Descriptions of what is inconsistent in a ledger."""
    for partition, starts in sorted(ledger.starts.items()):
        first, landed = ledger.first.get(partition, 0), ledger.landed.get(partition, 0)
        days, begins = [day for day, _ in starts], [offset for _, offset in starts]
        if (
            days != sorted(set(days))
            or begins != sorted(begins)
            or not first <= begins[0] <= begins[-1] <= landed
        ):
            yield (
                f"the ledger's days of partition {partition} are not ascending ranges from offset "
                f"{first} to {landed}"
            )


def _other_records(
    connections: Connections, topic: str, table: str, ledger: Ledger, low: offsets.Offsets
) -> Iterator[Fault]:
    """Records at the first and last landed offsets whose timestamp differs from the landed one."""
    for partition, end in sorted(ledger.landed.items()):
        for offset in sorted({max(low[partition], ledger.first.get(partition, 0)), end - 1}):
            if not low[partition] <= offset < end:
                continue
            landed = _recorded_ms(connections.lake, table, ledger, partition, offset)
            records = [
                r
                for batch in connections.kafka.read(topic, {partition: (offset, offset + 1)})
                for r in batch
            ]
            if landed is not None and any(r.timestamp_ms not in (landed, -1) for r in records):
                yield Fault(
                    f"{topic} partition {partition} has another record at offset {offset} than "
                    "the one that landed",
                    RESTORE_BOTH,
                )


def _recorded_ms(lake: Lake, table: str, ledger: Ledger, partition: int, offset: int) -> int | None:
    """Timestamp of the row or dead letter of a record.

    None if a later announcement replaced the row, or if the record has no usable timestamp.
    """
    where = f"kafka_partition = {partition} AND kafka_offset = {offset}"
    for name, of_table in ((table, "true"), (DEAD_LETTERS.name, letters_of(table, ledger))):
        rows = lake.read(name, f"{where} AND {of_table}", ("recorded_at",))
        if len(rows) and rows["recorded_at"][0].is_valid:
            return round(rows["recorded_at"][0].as_py().timestamp() * 1000)
    return None


def event_offset_faults(connections: Connections) -> Iterator[Fault]:
    """Days of `user_events` whose rows, dead letters and losses do not match the landed offsets."""
    lake, row_count = connections.lake, 0
    ledger, version = _ledger(lake, USER_EVENTS.name)
    letters = _by_place(lake.read(DEAD_LETTERS.name, landed_letters(ledger), PLACE))
    for day in ledger.days():
        rows = _by_place(lake.read(USER_EVENTS.name, on_days([day]), PLACE, version))
        row_counts, letter_counts = (
            Counter({place: span.row_count for place, span in spans.items()})
            for spans in (rows, letters)
        )
        for account in accounts(ledger, [day], row_counts, letter_counts):
            span = rows.get((account.day, account.partition))
            if words := _unaccounted(account, span):
                yield Fault(
                    f"{account.day} partition {account.partition}: {words}",
                    commands_to_run(USER_EVENTS.name, [account.day]),
                )
        row_count += sum(row_counts.values())
    table = lake.table(USER_EVENTS.name, version)
    if table is not None and (stray := table.count() - row_count):
        yield Fault(f"{stray} rows are on days that the ledger does not have", RESTORE_BOTH)


def _unaccounted(account: Account, span: OffsetSpan | None) -> str:
    """What does not match in an account; "" if everything does."""
    if account.missing_count:
        return (
            f"{account.record_count} records landed, but there are {account.row_count} "
            f"rows, {account.letter_count} dead letters and {account.lost_count} lost"
        )
    if span and span.offset_count < span.row_count:
        return f"{span.row_count - span.offset_count} rows have the offset of another row"
    if span and not account.start <= span.lowest <= span.highest < account.end:
        return (
            f"rows of offsets {span.lowest} to {span.highest} are outside of the day's "
            f"{account.start} to {account.end - 1}"
        )
    return ""


def episode_offset_faults(connections: Connections) -> Iterator[Fault]:
    """Days of `episodes` with rows of records that are not landed or belong to another log day."""
    ledger, version = _ledger(connections.lake, EPISODES.name)
    rows = connections.lake.read(EPISODES.name, columns=PLACE, version=version)
    for (day, partition), span in sorted(_by_place(rows).items()):
        start, end = ledger.ranges(day).get(partition, (0, 0))
        if not start <= span.lowest <= span.highest < end:
            words = (
                f"{span.row_count} rows of offsets {span.lowest} to {span.highest}, but its landed "
                f"offsets are [{start}, {end})"
            )
            yield Fault(
                f"{day} partition {partition}: {words}", commands_to_run(EPISODES.name, [day])
            )


def daily_score_faults(connections: Connections, instance: dg.DagsterInstance) -> Iterator[Fault]:
    """Days of the models' history whose counts differ from the events they were computed from.

    Events that landed during or after the computation may be missing; the next run counts them.
    """
    lake = connections.lake
    written = sorted(lake.state(USER_VS_EPISODE_DAILY.name).days)
    topic_id = _ledger(lake, USER_EVENTS.name)[0].topic_id
    kinds = [n for n in USER_VS_EPISODE_DAILY.schema.names if n.endswith("_count")]
    for day in (d for d in written if d > written[-1] - timedelta(days=Settings.history_days)):
        # Events are read last, so that they include whatever lands during these reads.
        landed = computed_from(instance, day, topic_id) or {}
        daily = lake.read(USER_VS_EPISODE_DAILY.name, on_days([day]), kinds)
        events = lake.read(USER_EVENTS.name, on_days([day], "event_day"), INPUTS)
        ends = [landed.get(p, 0) for p in events["kafka_partition"].to_pylist()]
        before = events.filter(pc.less(events["kafka_offset"], pa.array(ends, pa.int64())))
        bound = connections.settings.listener_events_per_day
        least, most = sorted(_counted(rows, bound) for rows in (before, events))
        counted = sum(pc.sum(daily[k]).as_py() or 0 for k in kinds)
        if not least <= counted <= most:
            between = f"{most}" if least == most else f"{least} to {most}"
            yield Fault(
                f"{day} counts {counted} events, but user_events has {between}",
                commands_to_run(USER_VS_EPISODE_DAILY.name, [day]),
            )


def _counted(events: pa.Table, bound: int) -> int:
    sql = f"SELECT COUNT(*) AS n FROM ({counted_events_sql('events', bound)}) counted"
    return int(duckdb.query(sql, {"events": events})["n"][0].as_py())


def _by_place(rows: pa.Table) -> dict[tuple[date, int], OffsetSpan]:
    aggregations = [
        ("kafka_offset", "count"),
        ("kafka_offset", "count_distinct"),
        ("kafka_offset", "min"),
        ("kafka_offset", "max"),
    ]
    places = rows.group_by(["day", "kafka_partition"])
    return {
        (r["day"], r["kafka_partition"]): OffsetSpan(
            r["kafka_offset_count"],
            r["kafka_offset_count_distinct"],
            r["kafka_offset_min"],
            r["kafka_offset_max"],
        )
        for r in places.aggregate(aggregations).to_pylist()  # type: ignore[arg-type]
    }


def _ledger(lake: Lake, table: str) -> tuple[Ledger, int]:
    """A table's ledger and its Delta version, because landing continues during the audit."""
    state = lake.state(table)
    return Ledger.from_json(state.ledger), state.version
