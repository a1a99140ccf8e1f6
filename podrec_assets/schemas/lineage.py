"""Which columns each column is computed from; the UI draws column lineage from it.

A column not listed here comes from outside: from a record, a clock or a model.
"""

from podrec_assets.schemas.event_kinds import EVENT_KINDS

_EPISODE = {"episode_id": ["episodes.episode_id"]}
_DAILY_SCORE = [
    "user_vs_episode_daily.score",
    "user_vs_episode_daily.user_id",
    "user_vs_episode_daily.episode_id",
]
_COUNTED = ["user_events.kind", "user_events.event_id"]
_TEXT = ["transcripts.text", "transcripts.segments", "episodes.show_id"]
_CALIBRATED = [
    "als_top_n.items",
    "similarities.items",
    "user_vs_episode_daily.score",
    "episodes.episode_id",
    "user_events.kind",
    "user_events.position",
]
_MEASURED = [
    "final_recommendations.items",
    "als_top_n.items",
    "user_vs_episode_daily.score",
    "similarities.items",
    "episodes.show_id",
    "user_events.kind",
    "user_events.list_version",
]
_ANSWERS = [
    "final_recommendations.items",
    "user_events.kind",
    "user_events.list_version",
    "user_events.episode_id",
]

LINEAGE: dict[str, dict[str, list[str]]] = {
    "episodes": {},
    "user_events": {},
    "transcripts": {
        **_EPISODE,
        "text": ["episodes.transcripts", "episodes.audio_url"],
        "segments": ["episodes.transcripts", "episodes.audio_url"],
        "source_url": ["episodes.transcripts", "episodes.audio_url"],
        "language": ["episodes.language", "episodes.transcripts"],
        "status": ["episodes.transcripts", "episodes.audio_url"],
        "input_hash": ["episodes.transcripts", "episodes.audio_url"],
    },
    "vectors": {
        "episode_id": ["transcripts.episode_id"],
        "start_s": ["transcripts.segments"],
        "end_s": ["transcripts.segments"],
        **dict.fromkeys(("text", "vector", "token_count", "left_out_token_count"), _TEXT),
    },
    "user_vs_episode_daily": {
        "day": ["user_events.event_day"],
        "user_id": ["user_events.user_id"],
        "episode_id": ["user_events.episode_id"],
        "score": ["user_events.kind", "user_events.completed_share", "user_events.event_id"],
        **{k.count_column: _COUNTED for k in EVENT_KINDS.values()},
        "max_completed_share": ["user_events.completed_share"],
        "last_at": ["user_events.occurred_at"],
        "is_liked": ["user_events.kind", "user_events.occurred_at"],
        "is_capped": ["user_events.user_id", "user_events.event_id"],
    },
    "als_top_n": {"user_id": ["user_vs_episode_daily.user_id"], "items": _DAILY_SCORE},
    "similarities": {
        "episode_id": ["vectors.episode_id"],
        "items": ["vectors.vector", "vectors.text", "vectors.start_s", "episodes.show_id"],
    },
    "fusion_weights": {
        "user_count": ["user_vs_episode_daily.user_id"],
        **dict.fromkeys(("alpha", "gain", "gain_low", "gain_high", "curve"), _CALIBRATED),
    },
    "final_recommendations": {
        "user_id": ["user_vs_episode_daily.user_id"],
        "items": [
            "als_top_n.items",
            "similarities.items",
            "fusion_weights.alpha",
            *_DAILY_SCORE,
            "episodes.title",
        ],
    },
    "recommendation_quality": {
        **dict.fromkeys(("value", "low", "high"), _MEASURED),
        "user_count": ["user_vs_episode_daily.user_id"],
    },
    "blend_experiment": {
        "day": ["user_events.event_day"],
        **{f"{team}_{what}_count": _ANSWERS for team in "ab" for what in ("win", "credit")},
        **dict.fromkeys(("tie_count", "preference", "low", "high", "p_value"), _ANSWERS),
    },
}
"""By table or collection, by column: the `table.column`s that it is computed from."""
