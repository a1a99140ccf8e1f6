"""What a listener does with a shown item, as an event of the topic `user-events`."""

import json
import uuid
from datetime import UTC, datetime

from podrec_assets.resources.connections import Connections
from podrec_assets.stores.kafka import Message


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
        RetryableError: the broker did not take it.
    """
    optional = {"list_version": list_version, "position": position, "completed_share": completed_share}
    event = {
        "schema": 1,
        "event_id": uuid.uuid4().hex,
        "user_id": user,
        "episode_id": episode,
        "kind": kind,
        "occurred_at": datetime.now(UTC).isoformat(),
        **{k: v for k, v in optional.items() if v is not None},
    }
    topic = connections.settings.events_topic
    connections.kafka.produce(topic, [Message(user.encode(), json.dumps(event).encode())])
    return event
