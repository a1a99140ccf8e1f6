"""Team-draft interleaving: two blends in one list, and which one listeners prefer. Pure.

Comparing the lists of two groups also compares the groups. Here each listener judges both blends in
one list (Radlinski, Kurup and Joachims 2008), so far fewer listeners show a preference (Chapelle,
Joachims, Radlinski and Yue 2012). The result says which blend is better, not by how much.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import pyarrow as pa
from scipy.stats import binomtest

from podrec_assets.schemas import EVENT_KINDS
from podrec_assets.settings import Settings

A, B = "a", "b"
"""Team of the blend that everybody else is served, and of its challenger."""
RESPONSES = ("click", "play", "like", "share")
"""Kinds of events that credit the team of an item."""
UNDOES = {kind.name: kind.undoes for kind in EVENT_KINDS.values() if kind.undoes}
"""Kinds that take back an earlier response, also without naming its list."""
EVENT_ORDER = ("occurred_at", "kafka_partition", "kafka_offset")
COLUMNS = ("user_id", "list_version", "episode_id", "kind", *EVENT_ORDER)
"""Columns of USER_EVENTS that `outcomes` reads."""
COUNTS = ("a_win_count", "b_win_count", "tie_count", "a_credit_count", "b_credit_count")


@dataclass(frozen=True)
class Experiment:
    """Who gets interleaved lists, and the challenger's alpha; see `Settings`."""

    share: float
    alpha: float
    seed: int

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """Returns the experiment that the settings ask for, None if its share is 0."""
        if not settings.experiment_share:
            return None
        return cls(settings.experiment_share, settings.experiment_alpha, settings.seed)

    def includes(self, user: str) -> bool:
        """Whether a listener takes part: the same ones every day, and a larger share only adds."""
        return int.from_bytes(_digest(self.seed, user)[:8]) < self.share * 2**64

    def interleaved(
        self, served: dict, challenger: dict, day: date, length: int, per_show_cap: int
    ) -> dict:
        """Returns the served document with its items drafted from both documents.

        The seed, the listener and the day decide which team picks first in each round.
        """
        coin = np.random.default_rng(list(_digest(self.seed, served["user_id"], day)))
        items = team_draft(served["items"], challenger["items"], length, per_show_cap, coin)
        return served | {"challenger_alpha": self.alpha, "items": items}


def _digest(*parts: object) -> bytes:
    # hash() differs between processes.
    return hashlib.sha256("\0".join(map(str, parts)).encode()).digest()


def team_draft(
    a: list[dict], b: list[dict], length: int, per_show_cap: int, coin: np.random.Generator
) -> list[dict]:
    """Returns at most `length` items of two ranked lists, each with its `team` and new rank.

    In each round a coin decides which team picks first. Each team then picks the best item of its
    list that is not picked yet and whose show is below the cap, so every full round leaves the
    teams even. Once one list is used up, the remaining items of the other have no team (None):
    otherwise a team with more items would win by their number.

    Items keep the score of their own blend, so scores fall within each team but not along the list.
    The result is never shorter than either list (up to `length`): whatever is left of a list is of
    shows at the cap, and each of those has as many places as it had there.

    Args:
        a: items with episode_id and show_id, each episode once, within the cap.
        b: likewise.
        length: most items.
        per_show_cap: most items of one show.
        coin: decides the rounds.
    """
    drafted: list[dict] = []
    while len(drafted) < length:
        teams = ((A, a), (B, b)) if coin.random() < 0.5 else ((B, b), (A, a))
        picked: list[dict] = []
        for team, ranked in teams:
            item = _best(ranked, drafted + picked, per_show_cap)
            picked += [item | {"team": team}] if item else []
        if not picked:
            break
        is_full_round = len(picked) == len(teams)
        drafted += picked if is_full_round else [item | {"team": None} for item in picked]
    return [item | {"rank": rank} for rank, item in enumerate(drafted[:length], start=1)]


def _best(ranked: list[dict], picked: list[dict], per_show_cap: int) -> dict | None:
    taken, shows = {i["episode_id"] for i in picked}, Counter(i["show_id"] for i in picked)
    return next(
        (i for i in ranked if i["episode_id"] not in taken and shows[i["show_id"]] < per_show_cap),
        None,
    )


def outcomes(documents: Iterable[tuple[str, dict]], events: pa.Table) -> list[dict]:
    """Returns rows of BLEND_EXPERIMENT (without day), one for each challenger that was shown.

    A team's credits with a listener are its items that were clicked, played, liked or shared in
    the lists shown, each item of a list once; a like that was taken back on the day is none. The
    team with more credits wins the listener; equal credits, or none, are a tie. A listener counts
    once, because the responses of one person are not independent.

    Args:
        documents: (version, document) of final_recommendations; those without `challenger_alpha`
            are in no experiment.
        events: USER_EVENTS of a day; without a list version, only those that take something back
            matter. Repeated ones count once.
    """
    responses = _responses(events)
    credits: dict[float, dict[str, Counter]] = {}
    for version, document in documents:
        user = document["user_id"]
        answered = responses.get(user, {}).get(version)
        if "challenger_alpha" in document and answered is not None:
            by_user = credits.setdefault(document["challenger_alpha"], {})
            by_user.setdefault(user, Counter()).update(
                item["team"] for item in document["items"] if item["episode_id"] in answered
            )
    return [_row(alpha, list(by_user.values())) for alpha, by_user in sorted(credits.items())]


def _responses(events: pa.Table) -> dict[str, dict[str, set[str]]]:
    """Returns the episodes with a response, by listener and version of each list shown."""
    order = [(name, "ascending") for name in EVENT_ORDER]
    kept: dict[str, dict[str, set[tuple[str, str]]]] = {}
    for row in events.select(COLUMNS).sort_by(order).to_pylist():
        lists, kind, episode = kept.setdefault(row["user_id"], {}), row["kind"], row["episode_id"]
        if row["list_version"]:
            lists.setdefault(row["list_version"], set()).update(
                [(episode, kind)] if kind in RESPONSES else []
            )
        if kind in UNDOES:
            for answers in lists.values():
                answers.discard((episode, UNDOES[kind]))
    return {
        user: {version: {e for e, _ in answers} for version, answers in lists.items()}
        for user, lists in kept.items()
    }


def _row(alpha: float, credits: list[Counter]) -> dict:
    a_wins = sum(listener[A] > listener[B] for listener in credits)
    b_wins = sum(listener[B] > listener[A] for listener in credits)
    return {
        "challenger_alpha": alpha,
        "a_win_count": a_wins,
        "b_win_count": b_wins,
        "tie_count": len(credits) - a_wins - b_wins,
        "a_credit_count": sum(listener[A] for listener in credits),
        "b_credit_count": sum(listener[B] for listener in credits),
        **preference(a_wins, b_wins),
    }


def preference(a_wins: int, b_wins: int) -> dict[str, float | None]:
    """Returns {preference, low, high, p_value}; all None if every listener is a tie.

    preference = b_wins / (a_wins + b_wins) is 0.5 for equally good blends. Low and high are its
    exact (Clopper-Pearson) 95 % interval. p_value is that of the two-sided sign test, below 0.05
    where the interval excludes 0.5.
    """
    decided = a_wins + b_wins
    if not decided:
        return dict.fromkeys(("preference", "low", "high", "p_value"))
    test = binomtest(b_wins, decided, 0.5)
    interval = test.proportion_ci(0.95, method="exact")
    return {
        "preference": b_wins / decided,
        "low": float(interval.low),
        "high": float(interval.high),
        "p_value": float(test.pvalue),
    }


def pooled(rows: list[dict]) -> list[dict]:
    """Returns rows of BLEND_EXPERIMENT summed over days, one a challenger, with `day_count`.

    A listener counts once a day, so frequent listeners weigh more and the interval of many days is
    somewhat too narrow.
    """
    sums = []
    for alpha in sorted({row["challenger_alpha"] for row in rows}):
        of_alpha = [row for row in rows if row["challenger_alpha"] == alpha]
        counts = {name: sum(row[name] for row in of_alpha) for name in COUNTS}
        days = {row["day"] for row in of_alpha}
        result = preference(counts["a_win_count"], counts["b_win_count"])
        sums.append({"challenger_alpha": alpha, "day_count": len(days), **counts, **result})
    return sums


def verdict(row: dict) -> str:
    """Returns the result of a row in one sentence."""
    if row["preference"] is None:
        return "No listener has preferred either blend yet."
    share = (
        f"{row['preference']:.3f} of the decided prefer the challenger "
        f"(95 % interval {row['low']:.3f} to {row['high']:.3f})"
    )
    if row["low"] > 0.5:
        return f"The challenger is better: {share}."
    if row["high"] < 0.5:
        return f"The served blend is better: {share}."
    return f"No difference is shown: {share}."
