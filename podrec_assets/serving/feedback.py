"""What a listener does with a shown item, as events of the topic `user-events`."""

import json
import uuid
from datetime import UTC, datetime

from podrec_assets.listening.event_message import Refusal, parse
from podrec_assets.pipelines.connections import Connections
from podrec_assets.stores.kafka import Message

ACKNOWLEDGED_S = 10.0
"""Longest that a person waits for the broker."""
MOST_EVENTS = 500


def send_event(
    connections: Connections, user: str, episode: str, kind: str, *, list_version: str | None = None, position: int | None = None,
    completed_share: float | None = None,
) -> dict:  # fmt: skip
    """The event that was produced and acknowledged by the broker.

    Args:
        user, episode: who and what.
        kind: of `listening.events.KINDS`; a play needs completed_share, 0 to 1.
        list_version, position: where the item was shown, so that click-through can be counted.

    Raises:
        Refusal: it breaks a rule of events.
        RetryableError: the broker did not take it.
    """
    optional = {
        "list_version": list_version,
        "position": position,
        "completed_share": completed_share,
    }
    event = {
        "schema": 1,
        "event_id": uuid.uuid4().hex,
        "user_id": user,
        "episode_id": episode,
        "kind": kind,
        "occurred_at": datetime.now(UTC).isoformat(),
        **{k: v for k, v in optional.items() if v is not None},
    }
    send_events(connections, [event])
    return event


def send_impressions(
    connections: Connections, user: str, list_version: str, items: list[dict]
) -> int:
    """Number of impressions that the broker acknowledged: one for each shown item {episode_id,
    rank}, in one request.
    """
    moment = datetime.now(UTC).isoformat()
    common = {
        "schema": 1,
        "user_id": user,
        "kind": "impression",
        "occurred_at": moment,
        "list_version": list_version,
    }
    shown = [
        {
            **common,
            "event_id": uuid.uuid4().hex,
            "episode_id": i["episode_id"],
            "position": i["rank"],
        }
        for i in items
    ]
    return send_events(connections, shown)


def take_events(connections: Connections, body: bytes) -> int:
    """Number of events in a JSON document, one event or an array of them, that the broker
    acknowledged: all of them.

    Raises:
        Refusal: the document is no JSON, or one of the events breaks a rule; then none was
            produced.
        RetryableError: the broker did not take them.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise Refusal("not_json", str(err)[:200]) from err
    events = document if isinstance(document, list) else [document]
    if not 1 <= len(events) <= MOST_EVENTS:
        raise Refusal("bad_count", f"{len(events)} events are not 1 to {MOST_EVENTS}")
    return send_events(connections, events)


def send_events(connections: Connections, events: list[dict]) -> int:
    """Number of events produced and acknowledged, each checked by the rules by which it lands.

    Raises:
        Refusal: one breaks a rule; then none was produced.
        RetryableError: the broker did not take them in time.
    """
    settings, now = connections.settings, datetime.now(UTC)
    values = [json.dumps(event).encode() for event in events]
    messages = []
    for number, value in enumerate(values):
        try:
            messages.append(
                Message(parse(value, now, settings.future_skew_s)["user_id"].encode(), value)
            )
        except Refusal as refusal:
            where = f"event {number}: " if len(events) > 1 else ""
            raise Refusal(refusal.reason, where + refusal.detail) from refusal
    return connections.kafka.produce(settings.events_topic, messages, ACKNOWLEDGED_S)
