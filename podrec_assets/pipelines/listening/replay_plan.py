"""The plan of a replay: which landed days are read from Kafka again, and what that replaces."""

from collections.abc import Collection
from datetime import date

from podrec_assets.errors import PermanentError, UnknownIdError
from podrec_assets.ledger.ledger import Ledger, Offsets, json_by_partition
from podrec_assets.schemas import DEAD_LETTERS, EPISODES, USER_EVENTS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake, letters_of, on_days


def plan_replay(
    lake: Lake,
    settings: Settings,
    topic: str,
    days: Collection[date] = (),
    begin: Offsets | None = None,
    end: Offsets | None = None,
) -> dict:
    """Returns what a replay touches. A replay replaces whole log days.

    Args:
        lake: the tables.
        settings: names of the topics.
        topic: one of the two topics that podrec lands.
        days: log days to replay; or empty to replay by offsets.
        begin: first offset by partition.
        end: offset after the last one, by partition.

    Returns:
        topic, table, days, offsets ([first, end) by partition), row_count, dead_letter_count,
        downstream_days.

    Raises:
        UnknownIdError: podrec does not land the topic.
        PermanentError: nothing has landed in these days or offsets.
    """
    table = _table(settings, topic)
    ledger = lake.ledger(table)
    log_days = _log_days(ledger, days, begin or {}, end or {})
    ranges = {
        p: [r for d in log_days if (r := ledger.ranges(d).get(p))] for p in sorted(ledger.landed)
    }
    condition = on_days(log_days)
    # Which downstream day a row belongs to.
    column = "event_day" if table == USER_EVENTS.name else "day"
    rows = lake.read(table, condition, (column,))
    letters = lake.read(DEAD_LETTERS.name, f"{condition} AND {letters_of(table, ledger)}", ("day",))
    return {
        "topic": topic,
        "table": table,
        "days": [str(d) for d in log_days],
        "offsets": json_by_partition(
            {p: [spans[0][0], spans[-1][1]] for p, spans in ranges.items() if spans}
        ),
        "row_count": len(rows),
        "dead_letter_count": len(letters),
        "downstream_days": [str(d) for d in sorted(set(rows[0].to_pylist()))],
    }


def _table(settings: Settings, topic: str) -> str:
    tables = {settings.events_topic: USER_EVENTS.name, settings.episodes_topic: EPISODES.name}
    if topic not in tables:
        raise UnknownIdError(f"unknown topic {topic!r}; known: {', '.join(tables)}.")
    return tables[topic]


def _log_days(ledger: Ledger, days: Collection[date], begin: Offsets, end: Offsets) -> list[date]:
    if days:
        log_days = [d for d in days if ledger.ranges(d)]
    else:
        log_days = [d for d in ledger.days() if _overlaps(ledger.ranges(d), begin, end)]
    if not log_days:
        raise PermanentError(
            "Nothing is landed there: `podrec status` shows the landed days and offsets."
        )
    return log_days


def _overlaps(ranges: dict[int, tuple[int, int]], begin: Offsets, end: Offsets) -> bool:
    partitions = begin.keys() | end.keys()
    return any(
        start < end.get(p, stop) and stop > begin.get(p, start)
        for p, (start, stop) in ranges.items()
        if p in partitions
    )
