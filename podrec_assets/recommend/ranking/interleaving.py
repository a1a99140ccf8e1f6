"""Two blends in one list, and which of them listeners prefer: team-draft interleaving (Radlinski,
Kurup, Joachims 2008). Pure.

Lists shown to two groups differ by the groups as well. Interleaved, each listener judges both
blends in the same list, so a preference shows with far fewer listeners (Chapelle, Joachims,
Radlinski, Yue 2012). It tells which is better, not by how much.
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

from podrec_assets.settings import Settings

A, B = "a", "b"
"""Team of the blend that everybody else is served, and of its challenger."""
ANSWERS = ("click", "play", "like")
"""Kinds of events that credit the team of an item."""


@dataclass(frozen=True)
class Experiment:
    """Who is shown interleaved lists, and the challenger's share of ALS; meanings as in `Settings`."""

    share: float
    alpha: float
    seed: int

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """The experiment that the settings ask for; None while its share is 0."""
        return (
            cls(settings.experiment_share, settings.experiment_alpha, settings.seed)
            if settings.experiment_share
            else None
        )

    def includes(self, user: str) -> bool:
        """Whether a listener takes part: the same ones every day, and more of them, never others,
        with a larger share.
        """
        return int.from_bytes(_digest(self.seed, user)[:8]) < self.share * 2**64

    def interleaved(
        self, served: dict, challenger: dict, day: date, length: int, per_show_cap: int
    ) -> dict:
        """The served document of a listener with its items drafted from both, in an order drawn for
        the listener and day.
        """
        chance = np.random.default_rng(list(_digest(self.seed, served["user_id"], day)))
        items = team_draft(served["items"], challenger["items"], length, per_show_cap, chance)
        return served | {"challenger_alpha": self.alpha, "items": items}


def _digest(*parts: object) -> bytes:
    # Not hash(), which is another one in each process.
    return hashlib.sha256("\0".join(map(str, parts)).encode()).digest()


def team_draft(
    a: list[dict], b: list[dict], length: int, per_show_cap: int, chance: np.random.Generator
) -> list[dict]:
    """At most `length` items of two ranked lists; each bears its `team`, and ranks count anew.

    In each round a coin says which team picks first; then each picks the best item of its list that
    is not yet picked and whose show is below the cap. After every round both teams have as many
    items. Once a list has nothing left, what follows of the other is of no team (None), for a team
    with more items would win by their number.

    An item keeps the score that its own blend gave it, so scores fall within each team and not
    along the list. The result is never shorter than either list (up to `length`): all that is left
    of a list has shows at the cap, hence each show fills as many places as it had there.

    Args:
        a, b: items with episode_id and show_id, each episode once in a list, both within the cap.
        length: most items.
        per_show_cap: most items of one show.
        chance: draws the coins.
    """
    found: list[dict] = []
    while len(found) < length:
        teams = ((A, a), (B, b)) if chance.random() < 0.5 else ((B, b), (A, a))
        picked: list[dict] = []
        for team, ranked in teams:
            item = _best(ranked, found + picked, per_show_cap)
            picked += [item | {"team": team}] if item else []
        if not picked:
            break
        found += picked if len(picked) == len(teams) else [i | {"team": None} for i in picked]
    return [item | {"rank": rank} for rank, item in enumerate(found[:length], start=1)]


def _best(ranked: list[dict], picked: list[dict], per_show_cap: int) -> dict | None:
    taken, shows = {i["episode_id"] for i in picked}, Counter(i["show_id"] for i in picked)
    return next(
        (i for i in ranked if i["episode_id"] not in taken and shows[i["show_id"]] < per_show_cap),
        None,
    )


def outcomes(documents: Iterable[tuple[str, dict]], events: pa.Table) -> list[dict]:
    """Rows of BLEND_EXPERIMENT (without day), one for each challenger that was shown.

    A team's credits with a listener are the items of that team that were clicked, played or liked
    in the lists shown, each item of a list once. The team with more credits wins the listener;
    equal credits, and none, are a tie. A listener counts once, for looks of one person are not
    independent.

    Args:
        documents: (version, document) of final_recommendations; those without `challenger_alpha`
            are in no experiment.
        events: USER_EVENTS of a day; one that names no list is left out, a repeated one counts
            once.
    """
    answers: dict[tuple[str, str], set[str]] = {}
    for row in events.select(["user_id", "list_version", "episode_id", "kind"]).to_pylist():
        answered = answers.setdefault((row["list_version"], row["user_id"]), set())
        if row["kind"] in ANSWERS:
            answered.add(row["episode_id"])
    credits: dict[float, dict[str, Counter]] = {}
    for version, document in documents:
        user = document["user_id"]
        if "challenger_alpha" in document and (version, user) in answers:
            mine = credits.setdefault(document["challenger_alpha"], {}).setdefault(user, Counter())
            mine.update(
                i["team"] for i in document["items"] if i["episode_id"] in answers[version, user]
            )
    return [_row(alpha, list(by_user.values())) for alpha, by_user in sorted(credits.items())]


def _row(alpha: float, credits: list[Counter]) -> dict:
    a_wins, b_wins = (sum(c[mine] > c[other] for c in credits) for mine, other in ((A, B), (B, A)))
    counts = {
        "a_win_count": a_wins,
        "b_win_count": b_wins,
        "tie_count": len(credits) - a_wins - b_wins,
    }
    given = {f"{team}_credit_count": sum(c[team] for c in credits) for team in (A, B)}
    return {"challenger_alpha": alpha, **counts, **given, **preference(a_wins, b_wins)}


def preference(a_wins: int, b_wins: int) -> dict[str, float | None]:
    """How much the challenger is preferred: {preference, low, high, p_value}; all None where
    nothing is decided.

    preference = b_wins / (a_wins + b_wins), 0.5 where the blends are equally good; low and high are
    the ends of its exact (Clopper-Pearson) 95 % interval, p_value is of the two-sided sign test,
    which is below 0.05 where 0.5 is outside of it.
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
    """Rows of BLEND_EXPERIMENT added up over their days, one for each challenger, with the number
    of days.

    A listener counts once a day, so listeners who come often weigh more and the interval of many
    days is somewhat too narrow.
    """
    found = []
    for alpha in sorted({r["challenger_alpha"] for r in rows}):
        mine = [r for r in rows if r["challenger_alpha"] == alpha]
        names = ("a_win_count", "b_win_count", "tie_count", "a_credit_count", "b_credit_count")
        counts = {name: sum(r[name] for r in mine) for name in names}
        told = preference(counts["a_win_count"], counts["b_win_count"])
        found.append(
            {
                "challenger_alpha": alpha,
                "day_count": len({r["day"] for r in mine}),
                **counts,
                **told,
            }
        )
    return found


def verdict(row: dict) -> str:
    """What a row says, in a sentence."""
    if row["preference"] is None:
        return "Nobody has decided yet."
    told = f"{row['preference']:.3f} of the decided prefer the challenger (95 % interval {row['low']:.3f} to {row['high']:.3f})"
    if row["low"] > 0.5:
        return f"The challenger is better: {told}."
    if row["high"] < 0.5:
        return f"The served blend is better: {told}."
    return f"No difference is shown: {told}."
