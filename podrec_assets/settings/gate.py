"""Settings of the gate: lists outside these bounds are not served unless a person overrules it."""

from pydantic import BaseModel, Field

from podrec_assets.settings.fields import LIMITS


class GateSettings(BaseModel):
    """Publication gate."""

    gate_min_coverage: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Smallest catalogue coverage: distinct episodes in all lists, divided by the "
        "most that these lists could hold.",
        json_schema_extra=LIMITS,
    )
    gate_max_churn: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Largest mean share of a listener's served, still unheard top 10 that the new "
        "list drops.",
        json_schema_extra=LIMITS,
    )
    gate_max_popularity_drift: float = Field(
        0.3,
        ge=0,
        le=1,
        description="Largest change of the mean popularity rank (0 to 1) of the episodes shown.",
        json_schema_extra=LIMITS,
    )
    gate_min_listeners: int = Field(
        10,
        ge=2,
        description="Fewest listeners for which new lists are compared with the served ones.",
        json_schema_extra=LIMITS,
    )
