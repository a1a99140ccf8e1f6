"""A large deterministic log of events, with late, duplicated and malformed ones as in real logs."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from podrec_assets.stores.kafka import Message

DAYS = 10
LATE_SHARE, DUPLICATE_SHARE, MALFORMED_SHARE = 0.01, 0.01, 0.003
USERS, EPISODES = 5_000, 2_000
KINDS = ("impression", "impression", "impression", "click", "play", "play", "like", "skip")
MALFORMED = (b"this is no JSON", b"", b"[1, 2, 3]", b"\xff\xfe", b'{"schema": 1, "kind": "play"}')


def event_log(events: int, today: date) -> Iterator[Message]:
    """Yields `events` valid events over the DAYS days before `today`, plus faulty records."""
    source = random.Random(7)  # noqa: S311
    begin = datetime.combine(today - timedelta(days=DAYS), time(), UTC)
    for number in range(events):
        recorded_at = begin + timedelta(days=DAYS) * number / events
        message = _event(recorded_at, source)
        yield message
        if source.random() < DUPLICATE_SHARE:
            yield message
        if source.random() < MALFORMED_SHARE:
            yield Message(message.key, source.choice(MALFORMED), message.timestamp_ms)


def _event(recorded_at: datetime, source: random.Random) -> Message:
    is_late = source.random() < LATE_SHARE
    delay = (
        timedelta(days=source.uniform(3, 6))
        if is_late
        else timedelta(seconds=source.expovariate(1 / 20))
    )
    user_id = f"listener-{source.randrange(USERS):04}"
    kind = source.choice(KINDS)
    body = {
        "schema": 1,
        "event_id": f"{source.getrandbits(80):020x}",
        "user_id": user_id,
        "episode_id": f"episode-{source.randrange(EPISODES):012x}",
        "kind": kind,
        **({"completed_share": round(source.random(), 3)} if kind == "play" else {}),
        **({"position": source.randrange(1, 7)} if kind in ("impression", "click") else {}),
        "occurred_at": (recorded_at - delay).isoformat(),
    }
    return Message(user_id.encode(), json.dumps(body).encode(), int(recorded_at.timestamp() * 1000))
