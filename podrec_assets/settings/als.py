"""Settings of ALS and of the search for better ones.

The defaults of ALS and `half_life_days` are measured: docs/adr/0006. The asset `als_tuning`
measures them on your own listening.
"""

from pydantic import BaseModel, Field

from podrec_assets.settings.fields import LIMITS, RESULTS


class AlsSettings(BaseModel):
    """ALS and its tuning."""

    als_rank: int = Field(
        32,
        ge=1,
        le=512,
        description="Most latent factors; small or sparse histories get fewer.",
        json_schema_extra=RESULTS,
    )
    als_alpha: float = Field(
        1.0,
        gt=0,
        description="Confidence of a mean damped score above 1: c = 1 + als_alpha * damped.",
        json_schema_extra=RESULTS,
    )
    als_regularization: float = Field(
        0.1,
        gt=0,
        description="Regularisation, scaled by a row's count as in Spark ML.",
        json_schema_extra=RESULTS,
    )
    als_iterations: int = Field(
        12,
        ge=1,
        le=15,
        description="ALS sweeps. At 30, Spark's query plan overflows its stack.",
        json_schema_extra=RESULTS,
    )
    als_top_n: int = Field(
        50,
        ge=1,
        le=1000,
        description="Episodes that the collection als_top_n keeps for a listener.",
        json_schema_extra=RESULTS,
    )
    tuning_trials: int = Field(
        24,
        ge=1,
        le=144,
        description="Trials of als_tuning, including the current settings.",
        json_schema_extra=RESULTS,
    )
    tuning_days: int = Field(
        7,
        ge=1,
        le=60,
        description="Last days of listening that als_tuning evaluates on.",
        json_schema_extra=RESULTS,
    )
    tuning_seconds: float = Field(
        900,
        gt=0,
        description="Seconds after which a run of als_tuning starts no further trial.",
        json_schema_extra=LIMITS,
    )
