"""Settings of the ranked lists: the blend of ALS and content, re-ranking, and experiments."""

from pydantic import BaseModel, Field

from podrec_assets.settings.fields import RESULTS


class RankingSettings(BaseModel):
    """Ranked lists."""

    fusion_alpha: float = Field(
        0.7,
        ge=0,
        le=1,
        description="Weight of ALS in the blend until it is calibrated; content has the rest.",
        json_schema_extra=RESULTS,
    )
    prior_weight: float = Field(
        0.35,
        ge=0,
        description="Most that an episode's overall reception and newness add to its score.",
        json_schema_extra=RESULTS,
    )
    diversity: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Most that is subtracted for similarity to an episode higher in the list "
        "(MMR).",
        json_schema_extra=RESULTS,
    )
    list_length: int = Field(
        20, ge=1, le=500, description="Episodes in a published list.", json_schema_extra=RESULTS
    )
    per_show_cap: int = Field(
        4, ge=1, description="Most episodes of one show in a list.", json_schema_extra=RESULTS
    )
    dead_show_days: int = Field(
        365,
        ge=1,
        description="Days without a new episode after which a show without plays is left out.",
        json_schema_extra=RESULTS,
    )
    experiment_share: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Share of listeners whose lists interleave the blend with a challenger; 0 "
        "turns the experiment off.",
        json_schema_extra=RESULTS,
    )
    experiment_alpha: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Weight of ALS in the challenger's blend, for every listener.",
        json_schema_extra=RESULTS,
    )
