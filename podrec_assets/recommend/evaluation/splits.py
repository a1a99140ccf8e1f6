"""Splits interactions into training and test data. Pure and deterministic by seed."""

import numpy as np

from podrec_assets.errors import UnusableInputError
from podrec_assets.recommend.evaluation.rating_files import Ratings

TEST_SHARE = 0.25


def held_out(ratings: Ratings, split: str, seed: int, share: float = TEST_SHARE) -> np.ndarray:
    """Returns the (n,) bool mask of the interactions to test on.

    Args:
        ratings: all interactions.
        split: `random` (a share of each user's), `per-user-temporal` (the last share of each
            user's), `global-temporal` (the last share of all) or `leave-one-out` (each user's last
            one, or a random one without timestamps).
        seed: of the random choices.
        share: share of the interactions that is held out.

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
    """Mask of the last share of each user's interactions by `place`, ties by chance.

    A share of 1 means the last one.
    """
    order = np.lexsort((chance, place, user))
    sizes = np.bincount(user)[user[order]]
    starts = np.concatenate(([0], np.cumsum(np.bincount(user))))[user[order]]
    rank = np.arange(len(order)) - starts
    kept = sizes - (1 if share == 1 else np.round(share * sizes))
    mask = np.zeros(len(order), dtype=bool)
    # Each user keeps at least one interaction for training.
    mask[order[(rank >= kept) & (rank > 0)]] = True
    return mask
