"""Privacy: everything that podrec holds of one listener is removed, and replay does not bring it
back.
"""

from dataclasses import dataclass, replace

from podrec_assets.ledger.ledger import Ledger
from podrec_assets.listening.event_batches import (
    RECORD_COLUMNS,
    STAGE,
    forgotten_letter,
    user_hash,
    user_of,
)
from podrec_assets.schemas import DEAD_LETTERS, USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.stores.delta import Lake, add_dead_letters, replace_dead_letters
from podrec_assets.stores.mongo import MongoStore, retention


@dataclass(frozen=True)
class Forgotten:
    """What was removed of a listener."""

    event_count: int
    daily_row_count: int
    refused_event_count: int
    document_count: int


def forget_user(lake: Lake, mongo: MongoStore, user_id: str) -> Forgotten:
    """Removes a listener's events, daily rows, refused events and served lists.

    Each event's place stays as a dead letter without content, so offsets still add up; the ledger
    keeps a hash of the id, so a replay makes the same of the records that Kafka still holds. Later
    events of the same id are new. Idempotent.
    """
    with lake.writing(USER_EVENTS.name):
        ledger = Ledger.from_json(lake.state(USER_EVENTS.name).ledger)
        ledger = replace(
            ledger, forgotten={**ledger.forgotten, user_hash(user_id): dict(ledger.landed)}
        )
        rows = lake.read_equal(
            USER_EVENTS.name, "user_id", user_id, ("day", *RECORD_COLUMNS)
        ).to_pylist()
        add_dead_letters(lake, [forgotten_letter(row) for row in rows])
        lake.delete_equal(USER_EVENTS, "user_id", user_id, ledger.to_json())
    daily_count = len(lake.read_equal(USER_VS_EPISODE_DAILY.name, "user_id", user_id, ("day",)))
    if daily_count:
        lake.delete_equal(USER_VS_EPISODE_DAILY, "user_id", user_id)
    letter_count, document_count = _forget_letters(lake, user_id), retention.forget(mongo, user_id)
    return Forgotten(len(rows), daily_count, letter_count, document_count)


def _forget_letters(lake: Lake, user_id: str) -> int:
    """Number of refused events that named the listener, and now hold nothing of them."""
    letters = lake.read_equal(DEAD_LETTERS.name, "stage", STAGE).to_pylist()
    days = {r["day"] for r in letters if user_of(r) == user_id}
    naming = [r for r in letters if r["day"] in days and user_of(r) == user_id]
    if naming:
        kept = [
            forgotten_letter(r) if user_of(r) == user_id else r for r in letters if r["day"] in days
        ]
        replace_dead_letters(lake, STAGE, days, kept)
    return len(naming)
