"""The shape of the lists, from the settings."""

from dataclasses import dataclass
from typing import Self

from podrec_assets.settings import Settings


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
