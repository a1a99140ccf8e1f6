"""From scores of any unit to what ALS is told: one definition for listening, ratings and play
counts. Pure.
"""

import numpy as np


def damped(scores: np.ndarray) -> np.ndarray:
    """log1p of positive scores over the mean of that, so that the mean confidence is 1 + alpha
    whatever the unit.

    Without the logarithm play counts drown everything; without the mean an alpha that suits five
    stars is too bold for counts and too timid for ones (measured in ADR 0006).
    """
    logs = np.log1p(scores)
    return logs / logs.mean() if len(logs) else logs
