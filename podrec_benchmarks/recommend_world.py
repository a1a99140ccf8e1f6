"""Click-through of the recommenders in the simulated world, compared with popularity and the best.

The listening of all days but the last goes through the same functions as in the graph, and alpha is
calibrated on the three days before. The lists are then played at the start of the last day, where
the world knows the exact click probability of every place. Run it with
`python -m podrec_benchmarks.recommend_world [SEED ...]`; the same settings and seeds give the same
tables.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from podrec_assets.content.feeds.episode_message import decode, encode
from podrec_assets.content.feeds.rss import parse_feed
from podrec_assets.content.similarity.nearest_neighbours import similarities
from podrec_assets.content.similarity.vectors import embed_transcripts
from podrec_assets.content.transcripts.choose import publisher_transcript
from podrec_assets.day_windows import catalogue
from podrec_assets.listening.daily_score import daily_score_sql
from podrec_assets.listening.event_parsing import parse_batch
from podrec_assets.pipelines.content.encoders import open_encoder
from podrec_assets.recommend.als import implicit
from podrec_assets.recommend.als.factors import AlsConfig, bounded_rank
from podrec_assets.recommend.als.top_n import top_n
from podrec_assets.recommend.evaluation.metrics import bootstrap_interval
from podrec_assets.recommend.interactions import Interactions, interactions
from podrec_assets.recommend.ranking.alpha_calibration import AlphaTrial, calibrated_weights
from podrec_assets.recommend.ranking.inputs import BlendConfig, RankingInputs
from podrec_assets.recommend.ranking.lists import recommend
from podrec_assets.sample_world import library, site
from podrec_assets.schemas import EPISODES, NEWCOMER, TRANSCRIPTS
from podrec_assets.settings import Settings
from podrec_assets.simulation.list_value import Outcome, best_list, play_lists, summaries
from podrec_assets.simulation.listener_model import heard_before, listening
from podrec_assets.simulation.records import SimulatedMessage, recorded
from podrec_assets.simulation.world import EpisodeInfo, Moment, World, make_world, midnight
from podrec_assets.stores import duckdb

BASE_URL = "http://samples.test"
LAST_DAY = date(2026, 11, 14)
DAYS, USERS, SEEDS, PLACES = 14, 200, (7, 8, 9), 10
CALIBRATION_DAYS = 3
"""As in the graph."""
NEW_DAYS = 3
"""An episode counts as new for this many days."""
VARIANTS: dict[str, dict] = {
    **{f"alpha {alpha}": {"alpha": alpha} for alpha in (0.0, 0.2, 0.4, 0.7, 1.0)},
    **{f"prior_weight {w}": {"prior_weight": w} for w in (0.0, 0.2, 0.5, 1.0)},
    **{f"diversity {d}": {"diversity": d} for d in (0.0, 0.1, 0.2)},
    **{f"per_show_cap {cap}": {"per_show_cap": cap} for cap in (2, 3, 4, 6, 20)},
}
"""Variants of the blend by name: the settings that differ."""
RANKERS = ("blend", "als", "content", "popularity", "random")
Lists = dict[str, list[dict]]
"""Documents like those of final_recommendations, by ranker."""


def sample_content(settings: Settings) -> tuple[pa.Table, pa.Table]:
    """Returns rows of EPISODES and of VECTORS, as if each landed on its day of publication."""
    pages = {f"{BASE_URL}{path}": page for path, page in site.build(BASE_URL, LAST_DAY).items()}
    rows: list[dict] = []
    for show in library.load():
        url = f"{BASE_URL}/feeds/{show.slug}.xml"
        for announced in parse_feed(pages[url][1], url).episodes:
            assert announced.published_at
            rows.append({**decode(encode(announced)), "day": announced.published_at.date()})
    # The site answers 404 for a page it withholds; an empty body fails to parse just the same.
    answers = [
        publisher_transcript(
            row, lambda url: SimpleNamespace(content_type="", body=pages.get(url, ("", b""))[1])
        )
        for row in rows
    ]
    transcripts = [answer.row for answer in answers if answer.row]
    vectors = embed_transcripts(
        TRANSCRIPTS.rows(transcripts),
        open_encoder(settings),
        settings.chunk_tokens,
    )
    return EPISODES.rows(rows), vectors


def world_episodes(episodes: pa.Table) -> list[EpisodeInfo]:
    """Returns the episodes as the simulation describes them."""
    topics = {f"{BASE_URL}/feeds/{slug}.xml": topic for slug, topic in library.topics().items()}
    names = ["episode_id", "show_id", "feed_url", "published_at", "duration_s"]
    return [
        EpisodeInfo(
            e["episode_id"], e["show_id"], topics[e["feed_url"]], e["published_at"], e["duration_s"]
        )
        for e in episodes.select(names).to_pylist()
    ]


def events_of(messages: list[SimulatedMessage], settings: Settings) -> pa.Table:
    """Returns the valid events of the records, as landing would store them."""
    raw = pa.table(
        {
            "kafka_topic": ["user-events"] * len(messages),
            "kafka_partition": pa.array([0] * len(messages), pa.int32()),
            "kafka_offset": pa.array(range(len(messages)), pa.int64()),
            "recorded_at": [m.recorded_at for m in messages],
            "value": [m.value for m in messages],
        }
    )
    parsed = parse_batch(raw, settings.future_skew_s)
    return parsed.filter(pc.is_null(parsed["refusal"]))


def models(
    content: tuple[pa.Table, pa.Table], daily: pa.Table, settings: Settings, as_of: date
) -> RankingInputs:
    """Returns what the graph would have computed by the end of a day."""
    episodes, vectors = content
    known = catalogue(episodes, as_of, settings.catalogue_days)
    near = similarities(
        catalogue(vectors, as_of, settings.catalogue_days), known, settings.neighbours
    )
    history = interactions(daily, as_of, settings.half_life_days, settings.weight_like)
    config = AlsConfig.from_settings(settings)
    config = replace(config, rank=bounded_rank(config.rank, history.matrix))
    als = list(top_n(implicit.fit(history.matrix, config), history, config, settings.als_top_n))
    return RankingInputs(history, als, near, known, as_of)


def calibrated(
    days: list[RankingInputs], daily: pa.Table, events: pa.Table, settings: Settings
) -> list[dict]:
    """Returns rows of FUSION_WEIGHTS for the last day, calibrated on those before it."""
    trials = []
    for day in days[:-1]:
        after = day.as_of + timedelta(days=1)
        played, shown = (
            daily.filter(pc.field("day") == after),
            events.filter(pc.field("event_day") == after),
        )
        trials.append(AlphaTrial(day, played, shown))
    counts = {user: len(heard) for user, heard in days[-1].history.seen.items()}
    return calibrated_weights(
        counts, trials, settings.fusion_alpha, BlendConfig.from_settings(settings), settings.seed
    )


def make_lists(day: RankingInputs, weights: list[dict], settings: Settings, seed: int) -> Lists:
    """Returns the lists of every ranker and of VARIANTS.

    ALS and content alone have no list for newcomers; they get the popular episodes instead.
    """
    history = day.history

    def blend(weights: list[dict] = weights, **other: Any) -> list[dict]:
        alpha = other.pop("alpha", None)
        shape = replace(BlendConfig.from_settings(settings), **other)
        chosen = weights if alpha is None else [{"min_history": 0, "alpha": alpha}]
        return recommend(day, chosen, shape)

    popular = sorted(
        day.episodes["episode_id"].to_pylist(), key=lambda e: (-history.recent_plays.get(e, 0.0), e)
    )
    random = np.random.default_rng(seed)
    users = [*history.users, NEWCOMER]
    shuffled = {u: [popular[i] for i in random.permutation(len(popular))] for u in users}
    alone = [
        d for d in blend(alpha=0.0, prior_weight=0.0, diversity=0.0) if d["user_id"] != NEWCOMER
    ]
    return {
        "blend": blend(),
        "als": [*day.als, _document(NEWCOMER, popular, history)],
        "content": [*alone, _document(NEWCOMER, popular, history)],
        "popularity": [_document(u, popular, history) for u in users],
        "random": [_document(u, shuffled[u], history) for u in users],
        **{name: blend(**other) for name, other in VARIANTS.items()},
    }


def _document(user: str, ranked: list[str], history: Interactions) -> dict:
    seen = history.seen.get(user, set())
    return {"user_id": user, "items": [{"episode_id": e} for e in ranked if e not in seen]}


@dataclass(frozen=True)
class Played:
    """Results of one world.

    Attributes:
        outcomes: what each listener would click at the start of the last day, by ranker.
        new_share: share of all places with an episode of the last NEW_DAYS days, by ranker;
            `catalogue` is the share of such episodes in the catalogue.
        weights: rows of FUSION_WEIGHTS.
    """

    outcomes: dict[str, list[Outcome]]
    new_share: dict[str, float]
    weights: list[dict]


def played(content: tuple[pa.Table, pa.Table], settings: Settings, seed: int) -> Played:
    """Plays the lists of all rankers in the world of one seed."""
    world = make_world(world_episodes(content[0]), USERS, DAYS, seed, LAST_DAY)
    end, last_full_day = midnight(LAST_DAY), LAST_DAY - timedelta(days=1)
    happenings = listening(world, seed, end)
    events = events_of(
        [m for m in recorded(happenings, seed, end) if m.recorded_at < end], settings
    )
    daily = duckdb.query(daily_score_sql(settings), {"events": events})
    days = [
        models(content, daily, settings, last_full_day - timedelta(days=back))
        for back in range(CALIBRATION_DAYS, -1, -1)
    ]
    weights = calibrated(days, daily, events, settings)
    lists = make_lists(days[-1], weights, settings, seed)
    moments = list(_moments(world, heard_before(happenings, end), end))
    lists["best"] = [
        {"user_id": m.user_id, "items": [{"episode_id": e} for e in best_list(world, m, PLACES)]}
        for m in moments
    ]
    outcomes = {
        name: play_lists(world, documents, moments, PLACES) for name, documents in lists.items()
    }
    new = {
        e.episode_id
        for e in world.episodes
        if timedelta(0) <= end - e.published_at < timedelta(days=NEW_DAYS)
    }
    known = set(days[-1].episodes["episode_id"].to_pylist())
    shares = {name: _share_of(new, documents) for name, documents in lists.items()}
    return Played(outcomes, shares | {"catalogue": len(new & known) / len(known)}, weights)


def _share_of(chosen: set[str], documents: list[dict]) -> float:
    shown = [i["episode_id"] for d in documents for i in d["items"][:PLACES]]
    return sum(e in chosen for e in shown) / max(1, len(shown))


def _moments(world: World, heard: dict[str, frozenset[str]], at: datetime) -> Iterator[Moment]:
    for user_id in world.listeners:
        yield Moment(user_id, at, heard.get(user_id, frozenset()))


def print_results(title: str, outcomes: dict[str, list[Outcome]], console: Console) -> None:
    """Prints a line for each ranker and group, with 95 % intervals over listeners."""
    table = Table(title=f"{title}: expected click-through of {PLACES} places", box=None)
    for name in (
        "ranker",
        "listeners",
        "count",
        "click-through",
        "95 %",
        "of the best",
        "regret",
        "blend leads by",
        "95 %",
    ):
        table.add_column(name, justify="left" if name in ("ranker", "listeners") else "right")
    for ranker in RANKERS:
        own = outcomes[ranker]
        for group, summary in summaries(own).items():
            picked = [
                i for i, o in enumerate(own) if group == "all" or o.is_cold == (group == "cold")
            ]
            earned = [own[i].click_through for i in picked]
            lead = [outcomes["blend"][i].click_through - own[i].click_through for i in picked]
            table.add_row(
                ranker,
                group,
                str(summary.user_count),
                f"{summary.click_through:.4f}",
                _interval(earned),
                f"{summary.ratio:.1%}",
                f"{summary.regret:.4f}",
                f"{np.mean(lead):+.4f}",
                _interval(lead),
            )
    console.print(table)


def print_variants(results: list[Played], console: Console) -> None:
    """Prints, over all worlds, the share of the best click-through and of new episodes."""
    table = Table(
        "ranker",
        "of the best",
        "warm",
        "cold",
        "new episodes' share",
        title="What each setting does",
        box=None,
    )
    for name in (*RANKERS, *VARIANTS, "best"):
        by_group = summaries([o for r in results for o in r.outcomes[name]])
        shares = [
            f"{by_group[group].ratio:.1%}" if group in by_group else "-"
            for group in ("all", "warm", "cold")
        ]
        table.add_row(name, *shares, f"{np.mean([r.new_share[name] for r in results]):.1%}")
    table.add_row(
        "catalogue", "", "", "", f"{np.mean([r.new_share['catalogue'] for r in results]):.1%}"
    )
    console.print(table)


def _interval(values: list[float]) -> str:
    low, high = bootstrap_interval(values, SEEDS[0])
    return f"{low:.4f} to {high:.4f}"


def main() -> None:
    """Plays all rankers in the worlds of the given seeds (default 7, 8, 9), prints the tables."""
    settings = Settings.load()
    content = sample_content(settings)
    console = Console(highlight=False, width=140)
    results = []
    for seed in [int(s) for s in sys.argv[1:]] or SEEDS:
        results.append(played(content, settings, seed))
        print_results(f"seed {seed}", results[-1].outcomes, console)
        console.print(
            *(f"{w['bucket']}: alpha {w['alpha']} ({w['source']})" for w in results[-1].weights),
            sep="\n",
        )
    print_results(
        "all seeds",
        {name: [o for r in results for o in r.outcomes[name]] for name in RANKERS},
        console,
    )
    print_variants(results, console)


if __name__ == "__main__":
    main()
