"""The one definition of every Delta table and Mongo collection: columns, types, meaning. Docs, IO
managers and tests read it.
"""

from podrec_assets.schemas.content import (
    EPISODES,
    SEGMENT,
    SOURCES,
    TRANSCRIPT_LINK,
    TRANSCRIPTS,
    VECTORS,
)
from podrec_assets.schemas.dead_letters import DEAD_LETTERS
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
    "ALS_TUNING",
    "BLEND_EXPERIMENT",
    "COLLECTIONS",
    "COLLECTION_KEYS",
    "DEAD_LETTERS",
    "EPISODES",
    "FUSION_WEIGHTS",
    "LISTS",
    "LIST_ITEM",
    "NEWCOMER",
    "RECOMMENDATION_QUALITY",
    "SEGMENT",
    "SOURCES",
    "TABLES",
    "TRANSCRIPTS",
    "TRANSCRIPT_LINK",
    "USER_EVENTS",
    "USER_VS_EPISODE_DAILY",
    "UTC_TIMESTAMP",
    "VECTORS",
    "Table",
]

TABLES = {
    table.name: table
    for table in (
        SOURCES,
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
COLLECTIONS = ("als_top_n", "similarities", "final_recommendations")
"""Versioned Mongo collections: one document per (version, key); the key field is user_id or
episode_id.
"""
COLLECTION_KEYS = {
    "als_top_n": "user_id",
    "similarities": "episode_id",
    "final_recommendations": "user_id",
}
LISTS = "final_recommendations"
"""The collection whose documents people are shown."""
NEWCOMER = ""
"""user_id of the list that unknown listeners get in final_recommendations."""
