"""Which interactions are learned from and which are held out. Pure; deterministic by seed."""

import numpy as np

from podrec_assets.errors import UnusableInputError
from podrec_assets.recommend.evaluation.rating_files import Ratings

HELD_SHARE = 0.25


def held_out(ratings: Ratings, split: str, seed: int, share: float = HELD_SHARE) -> np.ndarray:
    """(n,) bool mask of the interactions to test on.

    Args:
        ratings: all interactions.
        split: random (a share of each user's), per-user-temporal (the last share of each user's),
            global-temporal (the last share of all), leave-one-out (each user's last one; a random
            one without timestamps).
        seed: of the random choices.
        share: of the interactions that is held out.

    Raises:
        UnusableInputError: a temporal split of ratings without timestamps.
    """
    if "temporal" in split and ratings.timestamp is None:
        raise UnusableInputError(
            "no_timestamps", f"The split {split} needs timestamps, and these ratings have none."
        )
    chance = np.random.default_rng(seed).random(len(ratings.user))
    if split == "global-temporal":
        assert ratings.timestamp is not None
        order = np.lexsort((chance, ratings.timestamp))
        mask = np.zeros(len(order), dtype=bool)
        mask[order[len(order) - round(share * len(order)) :]] = True
        return mask
    place = chance if split == "random" or ratings.timestamp is None else ratings.timestamp
    return _last_of_each_user(ratings.user, place, chance, 1 if split == "leave-one-out" else share)


def _last_of_each_user(
    user: np.ndarray, place: np.ndarray, chance: np.ndarray, share: float
) -> np.ndarray:
    """Mask of the last share (or the last one, where share is 1) of each user's interactions by
    `place`; ties by chance.
    """
    order = np.lexsort((chance, place, user))
    sizes = np.bincount(user)[user[order]]
    starts = np.concatenate(([0], np.cumsum(np.bincount(user))))[user[order]]
    rank = np.arange(len(order)) - starts
    kept = sizes - (1 if share == 1 else np.round(share * sizes))
    mask = np.zeros(len(order), dtype=bool)
    # A user keeps at least one interaction to be learned from.
    mask[order[(rank >= kept) & (rank > 0)]] = True
    return mask
