"""Settings of listening events and of the score that they add up to."""

from pydantic import BaseModel, Field

from podrec_assets.settings.fields import RESULTS, SPEED


class ListeningSettings(BaseModel):
    """Listening events and scores."""

    future_skew_s: int = Field(
        3600,
        ge=0,
        description="Seconds that an event may be ahead of its Kafka record before it is refused.",
        json_schema_extra=RESULTS,
    )
    events_per_batch: int = Field(
        200_000,
        gt=0,
        description="Most Kafka records in one landing batch.",
        json_schema_extra=SPEED,
    )
    listener_events_per_day: int = Field(
        2000,
        gt=0,
        description="Most events of one listener that count on a day; later ones are kept, but "
        "weigh nothing.",
        json_schema_extra=RESULTS,
    )
    weight_play_finished: float = Field(
        3.0, ge=0, description="Weight of a play of over 80 %.", json_schema_extra=RESULTS
    )
    weight_play_middle: float = Field(
        1.0, ge=0, description="Weight of a play of 20 % to 80 %.", json_schema_extra=RESULTS
    )
    weight_play_abandoned: float = Field(
        0.5, ge=0, description="Weight of a play of under 20 %.", json_schema_extra=RESULTS
    )
    weight_like: float = Field(
        2.0, ge=0, description="Weight of a like; an unlike cancels it.", json_schema_extra=RESULTS
    )
    weight_skip: float = Field(
        0.2, ge=0, description="Weight of a skip.", json_schema_extra=RESULTS
    )
    weight_share: float = Field(
        2.5,
        ge=0,
        description="Weight of a share: the listener recommended the episode to others.",
        json_schema_extra=RESULTS,
    )
    half_life_days: float = Field(
        45,
        gt=0,
        description="Age in days at which a listen counts half.",
        json_schema_extra=RESULTS,
    )
