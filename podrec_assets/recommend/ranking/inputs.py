"""What the lists of one day are made from."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from podrec_assets.recommend.interactions import Interactions


@dataclass(frozen=True)
class RankingInputs:
    """A day's listening, models and catalogue.

    Attributes:
        history: listening up to the end of the day.
        als: documents of als_top_n.
        similarities: documents of similarities.
        episodes: rows of EPISODES, each episode once; only these are recommended.
        as_of: the day.
    """

    history: Interactions
    als: list[dict]
    similarities: list[dict]
    episodes: pa.Table
    as_of: date
