"""Produces feedback on lists, and events from the API, to the topic `user-events`."""

import json
import uuid
from datetime import UTC, datetime

from podrec_assets.listening.event_message import Refusal, check_storable, parse, read_document
from podrec_assets.pipelines.connections import Connections
from podrec_assets.stores.kafka import Message

ACKNOWLEDGED_S = 10.0
"""Maximum time that a person waits for the broker."""
MOST_EVENTS = 500


def send_event(
    connections: Connections,
    user: str,
    episode: str,
    kind: str,
    *,
    list_version: str | None = None,
    position: int | None = None,
    completed_share: float | None = None,
) -> dict:
    """Produces one event and returns it once the broker has acknowledged it.

    Args:
        connections: the broker.
        user: user_id of the listener.
        episode: episode_id of the item.
        kind: of `schemas.EVENT_KINDS`; a play needs completed_share, 0 to 1.
        list_version: version of the list that showed the item.
        position: rank at which the item was shown, from 1.
        completed_share: share of the episode that was played.

    Raises:
        Refusal: the event is invalid.
        RetryableError: the broker did not accept it.
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
    """Produces one impression per item {episode_id, rank}; returns how many were acknowledged."""
    common = {
        "schema": 1,
        "user_id": user,
        "kind": "impression",
        "occurred_at": datetime.now(UTC).isoformat(),
        "list_version": list_version,
    }
    impressions = [
        {
            **common,
            "event_id": uuid.uuid4().hex,
            "episode_id": item["episode_id"],
            "position": item["rank"],
        }
        for item in items
    ]
    return send_events(connections, impressions)


def take_events(connections: Connections, body: bytes) -> int:
    """Produces the events of a JSON document, one event or an array; returns their number.

    Raises:
        Refusal: the document is not JSON, or an event is invalid; none was produced.
        RetryableError: the broker did not accept them.
    """
    document = read_document(body)
    events = document if isinstance(document, list) else [document]
    if not 1 <= len(events) <= MOST_EVENTS:
        raise Refusal("bad_count", f"{len(events)} events are not 1 to {MOST_EVENTS}")
    return send_events(connections, events)


def send_events(connections: Connections, events: list[dict]) -> int:
    """Validates events with the rules of landing, produces them and returns their number.

    Raises:
        Refusal: an event is invalid; none was produced.
        RetryableError: the broker did not accept them in time.
    """
    settings, now = connections.settings, datetime.now(UTC)
    messages = []
    for number, event in enumerate(events):
        try:
            if isinstance(event, dict):
                check_storable(event)
            value = json.dumps(event).encode()
            user = parse(value, now, settings.future_skew_s)["user_id"]
            messages.append(Message(user.encode(), value))
        except Refusal as refusal:
            where = f"event {number}: " if len(events) > 1 else ""
            raise Refusal(refusal.reason, where + refusal.detail) from refusal
    return connections.kafka.produce(settings.events_topic, messages, ACKNOWLEDGED_S)
