"""What the lists of one day are made from, and the shape they get."""

from dataclasses import dataclass
from datetime import date
from typing import Self

import pyarrow as pa

from podrec_assets.recommend.interactions import Interactions
from podrec_assets.settings import Settings


@dataclass(frozen=True)
class RankingInputs:
    """A day's listening, models and catalogue.

    Attributes:
        history: listening up to the end of the day.
        als: documents of als_top_n.
        similarities: documents of similarities.
        episodes: rows of EPISODES, each episode once; only these are recommended.
        as_of: the day.
        withdrawn: episodes of the catalogue that no list may have.
    """

    history: Interactions
    als: list[dict]
    similarities: list[dict]
    episodes: pa.Table
    as_of: date
    withdrawn: frozenset[str] = frozenset()


@dataclass(frozen=True)
class BlendConfig:
    """Shape of the lists; see `Settings` for the meaning of each field."""

    list_length: int
    per_show_cap: int
    prior_weight: float = 0.35
    diversity: float = 0.0
    dead_show_days: int = 365

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Returns the shape that the settings ask for."""
        return cls(
            settings.list_length,
            settings.per_show_cap,
            settings.prior_weight,
            settings.diversity,
            settings.dead_show_days,
        )
