"""The API's documents as pydantic models with examples, as shown in OpenAPI."""

from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from podrec_assets.recommend.ranking.arms.registry import ARMS, BLEND_FORMULA
from podrec_assets.schemas import EVENT_KINDS


class RankedEpisode(BaseModel):
    """An episode and its score."""

    rank: int = Field(description="Place in the list, from 1.", examples=[1])
    episode_id: str = Field(examples=["e0123456789abcde"])
    show: str | None = Field(description="Title of the show.", examples=["Night Sky"])
    title: str | None = Field(examples=["A comet that forgot to shine"])
    score: float = Field(
        description=f"{BLEND_FORMULA} + prior_weight * prior - overlap. "
        "The prior favours popular and new episodes; overlap is similarity to the episodes above.",
        examples=[0.93],
    )


ARM_SCORES: dict[str, Any] = {
    arm.score_field: (float, Field(description=arm.score_description, examples=[0.72]))
    for arm in ARMS
}
ScoredEpisode = create_model("ScoredEpisode", __base__=RankedEpisode, **ARM_SCORES)


class Item(ScoredEpisode):  # type: ignore[misc, valid-type]  # made at run time
    """One recommended episode."""

    sources: list[str] = Field(
        description="What the score came from, most important first.",
        examples=[["als", "content"]],
    )
    reason: str = Field(
        examples=["4 listeners who played “The long tide” as you did also played this."]
    )


class Recommendations(BaseModel):
    """A listener's published list."""

    user_id: str = Field(examples=["listener-0042"])
    known: bool = Field(
        description="False if the listener is unknown and gets the list for newcomers."
    )
    day: str = Field(description="The day of the list.", examples=["2026-11-14"])
    version: str = Field(
        description="Send it as list_version in events on this list.",
        examples=["2026-11-14.1a2b3c4d"],
    )
    items: list[Item]


class Neighbour(BaseModel):
    """One similar episode, with the two most similar passages."""

    rank: int = Field(examples=[1])
    episode_id: str = Field(examples=["e0123456789abcde"])
    title: str | None = Field(examples=["Ice from far away"])
    cosine: float = Field(description="Cosine of the two episodes, -1 to 1.", examples=[0.61])
    here_s: float | None = Field(
        description="Start of the passage in the requested episode, in seconds.", examples=[12.4]
    )
    there_s: float | None = Field(
        description="Start of the passage in this episode, in seconds.", examples=[751.0]
    )
    here_text: str = Field(examples=["The comet broke into four pieces before it was seen."])
    there_text: str = Field(examples=["What is left of a comet is dust and a little ice."])


class Similar(BaseModel):
    """An episode's published neighbours."""

    episode_id: str = Field(examples=["e0123456789abcde"])
    title: str | None = Field(examples=["A comet that forgot to shine"])
    items: list[Neighbour]


class Accepted(BaseModel):
    """Events that Kafka has acknowledged. They land with the next run of `user_events`."""

    accepted: int = Field(description="Number of events; always all that were sent.", examples=[1])
    topic: str = Field(examples=["user-events"])


class Part(BaseModel):
    """One part that the API needs."""

    ok: bool
    detail: str = Field(examples=["ok"])


class Health(BaseModel):
    """Whether the API can serve lists and accept events."""

    status: Literal["ok", "down"]
    parts: dict[str, Part] = Field(description="By part: mongo, kafka, publication.")


class Refused(BaseModel):
    """Why a request was refused, in one sentence."""

    error: str = Field(examples=[f"kind 'listen' is none of {', '.join(EVENT_KINDS)}"])


EVENTS = {
    "a play": {
        "schema": 1, "event_id": "5f2c9d", "user_id": "listener-0042",
        "episode_id": "e0123456789abcde", "kind": "play", "completed_share": 0.93,
        "occurred_at": "2026-11-02T08:00:00Z", "list_version": "2026-11-01.1a2b3c4d", "position": 1,
    },
    "a like": {
        "schema": 1, "event_id": "5f2c9e", "user_id": "listener-0042",
        "episode_id": "e0123456789abcde", "kind": "like", "occurred_at": "2026-11-02T08:31:00Z",
    },
}  # fmt: skip
EVENT_SCHEMA = {
    "type": "object",
    "required": ["event_id", "user_id", "episode_id", "kind", "occurred_at"],
    "properties": {
        "schema": {"const": 1},
        "event_id": {
            "type": "string",
            "maxLength": 256,
            "description": "Chosen by you; a listener's id that is repeated on a day counts once.",
        },
        "user_id": {"type": "string", "maxLength": 256},
        "episode_id": {"type": "string", "maxLength": 256},
        "kind": {"enum": list(EVENT_KINDS)},
        "completed_share": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "description": "Required for a play, unless there is played_s.",
        },
        "played_s": {
            "type": "number",
            "minimum": 0,
            "description": "Seconds played; send duration_s too if you can.",
        },
        "duration_s": {"type": "number", "exclusiveMinimum": 0},
        "occurred_at": {
            "type": "string",
            "format": "date-time",
            "description": "ISO 8601 with a time zone.",
        },
        "list_version": {
            "type": "string",
            "description": "Version of the list that showed the item.",
        },
        "position": {
            "type": "integer",
            "minimum": 0,
            "description": "Rank of the item, from 1.",
        },
    },
}
"""For the documentation only; `event_message.parse` validates, as it does when events land."""
EVENTS_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        EVENT_SCHEMA,
                        {"type": "array", "items": EVENT_SCHEMA, "minItems": 1, "maxItems": 500},
                    ]
                },
                "examples": {name: {"value": event} for name, event in EVENTS.items()}
                | {"several": {"value": [*EVENTS.values()]}},
            }
        },
    }
}
