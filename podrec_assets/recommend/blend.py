"""The ranked list: candidates from ALS, content, popular and fresh; one score; a cap on shows; a reason on each item. Pure.

score = alpha * als + (1 - alpha) * cosine, each arm divided by the listener's own largest value, so that alpha means the same
for everyone. Popular and fresh episodes come after the two arms, and make the list where there is no history.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

import pyarrow as pa

from podrec_assets.recommend import explain
from podrec_assets.recommend.fusion import alpha_for
from podrec_assets.recommend.interactions import FINISHED_SHARE, Interactions
from podrec_assets.schemas import NEWCOMER

FILL_WEIGHT = 0.05
"""Most that popularity and freshness together add: they decide between what the arms leave equal, and fill up."""
FILLERS = 200
"""Popular and fresh candidates of everybody, beside those of their own arms."""
FRESH_DAYS = 7
TOLD_SHARE = 0.25
"""Least share of both arms' sum that makes an arm part of the reason."""
DIGITS = 5


@dataclass(frozen=True)
class BlendConfig:
    """Length of a list, and most episodes of one show in it."""

    list_length: int
    per_show_cap: int


@dataclass(frozen=True)
class Catalogue:
    """What the blend knows of episodes, beside listeners."""

    episodes: dict[str, dict]
    neighbours: dict[str, list[dict]]
    listeners: Counter[str]
    popularity: dict[str, float]
    freshness: dict[str, float]

    @cached_property
    def fillers(self) -> list[str]:
        """The most popular and freshest episodes: what makes a list where the arms give too little."""
        return sorted(self.episodes, key=lambda e: (-round(self.filler(e), DIGITS), e))[:FILLERS]

    @cached_property
    def serial_parts(self) -> dict[str, list[str]]:
        """By show that is to be heard in order, its episodes."""
        found: dict[str, list[str]] = {}
        for episode, row in self.episodes.items():
            if row["is_serial"]:
                found.setdefault(row["show_id"], []).append(episode)
        return found

    def with_earlier_parts(self, chosen: set[str]) -> set[str]:
        """The episodes and all parts of serial shows among them, for the earliest unheard part is the one to show."""
        shows = {self.episodes[e]["show_id"] for e in chosen}
        return chosen.union(*(self.serial_parts.get(show, ()) for show in shows))

    def title(self, episode: str | None) -> str | None:
        """Title of an episode of the catalogue."""
        return self.episodes[episode]["title"] if episode in self.episodes else None

    def filler(self, episode: str) -> float:
        """0 to 1: how popular and how new an episode is; what many play counts twice what is new."""
        return (2 * self.popularity.get(episode, 0.0) + self.freshness.get(episode, 0.0)) / 3


def recommend(
    history: Interactions,
    als: list[dict],
    similarities: list[dict],
    episodes: pa.Table,
    weights: list[dict],
    config: BlendConfig,
    as_of: date,
) -> list[dict]:
    """One document for each listener and one for newcomers (user_id ""), ordered by user_id.

    Args:
        history: listening up to the day.
        als: documents of als_top_n.
        similarities: documents of similarities.
        episodes: rows of EPISODES, each episode once; only these are recommended.
        weights: rows of FUSION_WEIGHTS.
        config: shape of the lists.
        as_of: the day of the lists.

    Returns:
        {"user_id", "items": [{rank, episode_id, score, als, cosine, popularity, sources, reason, because, causes, show_id,
        show_title, title}]}: `because` is the heard episode that the reason names first, `causes` that of each arm named.
    """
    catalogue = _catalogue(history, similarities, episodes, as_of)
    by_user = {d["user_id"]: d["items"] for d in als}
    lists = [{"user_id": NEWCOMER, "items": _newcomers(catalogue, config)}]
    for user in history.users:
        alpha = alpha_for(len(history.seen[user]), weights)
        lists.append({"user_id": user, "items": _one(user, history, by_user.get(user, []), catalogue, alpha, config)})
    return lists


def _catalogue(history: Interactions, similarities: list[dict], episodes: pa.Table, as_of: date) -> Catalogue:
    known = {e["episode_id"]: e for e in episodes.to_pylist()}
    most = max(history.recent_plays.values(), default=1.0)
    end = datetime.combine(as_of + timedelta(days=1), time(), UTC)
    ages = {k: (end - e["published_at"]).total_seconds() / 86_400 for k, e in known.items() if e["published_at"]}
    return Catalogue(
        known,
        {d["episode_id"]: d["items"] for d in similarities},
        Counter(e for heard in history.seen.values() for e in heard),
        {e: n / most for e, n in history.recent_plays.items()},
        {k: max(0.0, 1 - age / FRESH_DAYS) for k, age in ages.items() if age >= 0},
    )


def _one(
    user: str, history: Interactions, als_items: list[dict], catalogue: Catalogue, alpha: float, config: BlendConfig
) -> list[dict]:
    barred = history.seen[user] | history.unliked[user]
    by_als = {i["episode_id"]: i for i in als_items}
    als = _scaled({e: max(i["score"], 0.0) for e, i in by_als.items()})
    near, causes = _content_arm(user, history, catalogue)
    cosine = _scaled(near)
    scored = []
    candidates = {e for e in (*als, *cosine, *catalogue.fillers) if e in catalogue.episodes}
    for episode in catalogue.with_earlier_parts(candidates) - barred:
        filler = catalogue.filler(episode)
        score = alpha * als.get(episode, 0.0) + (1 - alpha) * cosine.get(episode, 0.0) + FILL_WEIGHT * filler
        scored.append((round(score, DIGITS), episode))
    ranked = [e for _, e in sorted(scored, key=lambda s: (-s[0], s[1]))]
    scores = {e: s for s, e in scored}
    items = []
    for rank, episode in enumerate(_capped(ranked, catalogue, config), start=1):
        arms = {"als": alpha * als.get(episode, 0.0), "content": (1 - alpha) * cosine.get(episode, 0.0)}
        items.append(
            _item(rank, episode, scores[episode], als.get(episode, 0.0), cosine.get(episode, 0.0), catalogue)
            | _explained(arms, by_als.get(episode), causes.get(episode), episode, history.finished[user], catalogue)
        )
    return items


def _content_arm(user: str, history: Interactions, catalogue: Catalogue) -> tuple[dict[str, float], dict[str, tuple[str, dict]]]:
    """By candidate: its similarity to what the listener enjoyed, and the heard episode that gave most of it."""
    liked = history.finished[user] or dict.fromkeys(sorted(history.seen[user]), 0.5)
    total: dict[str, float] = {}
    best: dict[str, tuple[float, str, dict]] = {}
    for heard in sorted(liked):
        for neighbour in catalogue.neighbours.get(heard, []):
            given = max(neighbour["score"], 0.0)
            episode = neighbour["episode_id"]
            total[episode] = total.get(episode, 0.0) + given
            if episode not in best or given > best[episode][0]:
                best[episode] = (given, heard, neighbour)
    return total, {e: (heard, neighbour) for e, (_, heard, neighbour) in best.items()}


def _explained(
    arms: dict[str, float], als: dict | None, cause: tuple[str, dict] | None, episode: str, finished: dict, catalogue: Catalogue
) -> dict:
    """Sources in order of what they gave, a sentence for each arm that counts, and the heard episode that the first names."""
    sources = [name for name, given in sorted(arms.items(), key=lambda a: (-a[1], a[0])) if given > 0]
    told: list[tuple[str, str | None, str]] = []
    for name in sources:
        if arms[name] < TOLD_SHARE * sum(arms.values()):
            continue
        if name == "als" and als:
            title = catalogue.title(als["because"])
            told.append((name, als["because"] if title else None, explain.als_reason(title, als["listener_count"])))
        elif name == "content" and cause and (title := catalogue.title(cause[0])):
            told.append((name, cause[0], explain.content_reason(title, finished.get(cause[0], 0.0) > FINISHED_SHARE, cause[1])))
    sources += ["popular"] if catalogue.popularity.get(episode) else []
    sources += ["fresh"] if catalogue.freshness.get(episode) else []
    told = told or [("filler", None, _filler_reason(episode, catalogue))]
    return {
        "sources": sources or ["catalogue"],
        "because": told[0][1],
        "causes": {name: heard for name, heard, _ in told if heard},
        "reason": " ".join(words for *_, words in told),
    }


def _filler_reason(episode: str, catalogue: Catalogue) -> str:
    show, fresh = catalogue.episodes[episode]["show_title"], catalogue.freshness.get(episode, 0.0)
    popular = catalogue.popularity.get(episode, 0.0)
    if popular > fresh:
        return explain.popular_reason(catalogue.listeners[episode])
    return explain.fresh_reason(show) if fresh else f"From the catalogue of {show}."


def _newcomers(catalogue: Catalogue, config: BlendConfig) -> list[dict]:
    """Popular and fresh episodes, the shows in turn, so that a stranger sees the breadth."""
    ranked = _serial_order(sorted(catalogue.episodes, key=lambda e: (-round(catalogue.filler(e), DIGITS), e)), catalogue)
    turns: dict[str, int] = {}
    order = []
    for episode in ranked:
        show = catalogue.episodes[episode]["show_id"]
        turns[show] = turns.get(show, 0) + 1
        order.append((turns[show], -round(catalogue.filler(episode), DIGITS), episode))
    chosen = _capped([e for _, _, e in sorted(order)], catalogue, config)
    # Ranks go by turn, so the score shown falls with the rank rather than with popularity alone.
    items = []
    for rank, episode in enumerate(chosen, start=1):
        sources = [n for n, v in (("popular", catalogue.popularity), ("fresh", catalogue.freshness)) if v.get(episode)]
        score = round(1 - (rank - 1) / max(1, len(chosen)), DIGITS)
        items.append(
            _item(rank, episode, score, 0.0, 0.0, catalogue)
            | {"sources": sources or ["catalogue"], "because": None, "causes": {}, "reason": _filler_reason(episode, catalogue)}
        )
    return items


def _item(rank: int, episode: str, score: float, als: float, cosine: float, catalogue: Catalogue) -> dict:
    row = catalogue.episodes[episode]
    return {
        "rank": rank,
        "episode_id": episode,
        "score": score,
        "als": round(als, DIGITS),
        "cosine": round(cosine, DIGITS),
        "popularity": round(catalogue.popularity.get(episode, 0.0), DIGITS),
        "show_id": row["show_id"],
        "show_title": row["show_title"],
        "title": row["title"],
    }


def _capped(ranked: list[str], catalogue: Catalogue, config: BlendConfig) -> list[str]:
    """The best within the cap on shows; a serial show only by its earliest part that is left."""
    taken: dict[str, int] = {}
    chosen = []
    for episode in _serial_order(ranked, catalogue):
        show = catalogue.episodes[episode]["show_id"]
        if taken.get(show, 0) < config.per_show_cap:
            taken[show] = taken.get(show, 0) + 1
            chosen.append(episode)
        if len(chosen) == config.list_length:
            break
    return chosen


def _serial_order(ranked: list[str], catalogue: Catalogue) -> list[str]:
    """Without the later parts of serial shows whose earlier part is still unheard."""
    first: dict[str, tuple] = {}
    for episode in ranked:
        row = catalogue.episodes[episode]
        if row["is_serial"]:
            part = (
                row["season"] or 0,
                row["episode_number"] or 0,
                row["published_at"] or datetime.max.replace(tzinfo=UTC),
                episode,
            )
            first[row["show_id"]] = min(first.get(row["show_id"], part), part)
    return [e for e in ranked if not catalogue.episodes[e]["is_serial"] or first[catalogue.episodes[e]["show_id"]][-1] == e]


def _scaled(values: dict[str, float]) -> dict[str, float]:
    """Values over the largest of them."""
    most = max(values.values(), default=0.0)
    return {e: v / most for e, v in values.items()} if most > 0 else {}
