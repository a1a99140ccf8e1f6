"""Columns, types and meanings of every Delta table; names and keys of the Mongo collections.

IO managers, pipelines and tests read these definitions.
"""

from podrec_assets.schemas.content import (
    EPISODES,
    SEGMENT,
    SOURCES,
    TRANSCRIPT_LINK,
    TRANSCRIPTS,
    VECTORS,
    WITHDRAWALS,
)
from podrec_assets.schemas.dead_letters import DEAD_LETTERS, dead_letter
from podrec_assets.schemas.event_kinds import EVENT_KINDS, EventKind
from podrec_assets.schemas.listening import USER_EVENTS, USER_VS_EPISODE_DAILY
from podrec_assets.schemas.recommendations import (
    ALS_TUNING,
    BLEND_EXPERIMENT,
    FUSION_WEIGHTS,
    LIST_ITEM,
    RECOMMENDATION_QUALITY,
)
from podrec_assets.schemas.table import UTC_TIMESTAMP, Table

__all__ = [
    "ALS_TOP_N",
    "ALS_TUNING",
    "BLEND_EXPERIMENT",
    "COLLECTIONS",
    "COLLECTION_KEYS",
    "DEAD_LETTERS",
    "EPISODES",
    "EVENT_KINDS",
    "FUSION_WEIGHTS",
    "LISTS",
    "LIST_ITEM",
    "NEWCOMER",
    "RECOMMENDATION_QUALITY",
    "SEGMENT",
    "SIMILARITIES",
    "SOURCES",
    "TABLES",
    "TRANSCRIPTS",
    "TRANSCRIPT_LINK",
    "USER_EVENTS",
    "USER_VS_EPISODE_DAILY",
    "UTC_TIMESTAMP",
    "VECTORS",
    "WITHDRAWALS",
    "EventKind",
    "Table",
    "dead_letter",
]

TABLES = {
    table.name: table
    for table in (
        SOURCES,
        WITHDRAWALS,
        EPISODES,
        TRANSCRIPTS,
        VECTORS,
        USER_EVENTS,
        USER_VS_EPISODE_DAILY,
        FUSION_WEIGHTS,
        RECOMMENDATION_QUALITY,
        BLEND_EXPERIMENT,
        ALS_TUNING,
        DEAD_LETTERS,
    )
}
ALS_TOP_N, SIMILARITIES, LISTS = "als_top_n", "similarities", "final_recommendations"
"""Versioned Mongo collections; listeners are shown the documents of LISTS."""
COLLECTION_KEYS = {ALS_TOP_N: "user_id", SIMILARITIES: "episode_id", LISTS: "user_id"}
"""Key field of each collection: it has one document per version and key."""
COLLECTIONS = tuple(COLLECTION_KEYS)
NEWCOMER = ""
"""user_id of the document in LISTS that unknown listeners are shown."""
