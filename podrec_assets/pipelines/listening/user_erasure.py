"""Removes all data of one listener, so that replay does not bring it back."""

from dataclasses import dataclass, replace

from podrec_assets.listening.event_batches import (
    RECORD_COLUMNS,
    STAGE,
    forgotten_letter,
    user_hash,
    user_of,
)
from podrec_assets.schemas import DEAD_LETTERS, USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.schemas.dead_letters import of_topic
from podrec_assets.stores.delta import Lake, add_dead_letters, replace_dead_letters
from podrec_assets.stores.mongo import MongoStore, retention


@dataclass(frozen=True)
class Forgotten:
    """Numbers of removed events, daily rows, refused events and list documents of a listener."""

    event_count: int
    daily_row_count: int
    refused_event_count: int
    document_count: int


def forget_user(lake: Lake, mongo: MongoStore, user_id: str) -> Forgotten:
    """Removes a listener's events, daily rows, refused events and served lists.

    Each event leaves a dead letter without content, so offsets still add up. The ledger keeps a
    hash of the id, so a replay removes the records that Kafka still holds. Events that the id sends
    later are kept. Idempotent.
    """
    with lake.writing(USER_EVENTS.name):
        ledger = lake.ledger(USER_EVENTS.name)
        ledger = replace(
            ledger, forgotten={**ledger.forgotten, user_hash(user_id): dict(ledger.landed)}
        )
        rows = lake.read_equal(
            USER_EVENTS.name, "user_id", user_id, ("day", *RECORD_COLUMNS)
        ).to_pylist()
        letters = [of_topic(forgotten_letter(row), ledger.topic_id) for row in rows]
        add_dead_letters(lake, letters)
        lake.delete_equal(USER_EVENTS, "user_id", user_id, ledger.to_json())
    daily_count = len(lake.read_equal(USER_VS_EPISODE_DAILY.name, "user_id", user_id, ("day",)))
    if daily_count:
        lake.delete_equal(USER_VS_EPISODE_DAILY, "user_id", user_id)
    letter_count, document_count = _forget_letters(lake, user_id), retention.forget(mongo, user_id)
    return Forgotten(len(rows), daily_count, letter_count, document_count)


def _forget_letters(lake: Lake, user_id: str) -> int:
    """Empties the refused events that name the listener; returns their number."""
    letters = lake.read_equal(DEAD_LETTERS.name, "stage", STAGE).to_pylist()
    days = {r["day"] for r in letters if user_of(r) == user_id}
    if not days:
        return 0
    of_days = [(r, user_of(r) == user_id) for r in letters if r["day"] in days]
    rows = [
        forgotten_letter(r) | {"source_key": r["source_key"]} if is_theirs else r
        for r, is_theirs in of_days
    ]
    replace_dead_letters(lake, STAGE, days, rows)
    return sum(is_theirs for _, is_theirs in of_days)
