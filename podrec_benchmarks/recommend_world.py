"""What recommenders earn in the simulated world, beside popularity, chance and the best lists there could be.

Listening of all days but the last goes through the same functions as in the graph; the lists made of it are played at the
beginning of the last day, where the world says exactly how often each would be clicked. Run by
`python -m podrec_benchmarks.recommend_world`; the same settings give the same table.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from podrec_assets.content.announcements import decode, encode
from podrec_assets.content.catalogue import catalogue
from podrec_assets.content.encoder import SentenceEncoder, embed_transcripts
from podrec_assets.content.feeds import parse_feed
from podrec_assets.content.neighbours import similarities
from podrec_assets.content.transcripts import published
from podrec_assets.listening.daily import daily_score_sql
from podrec_assets.listening.events import parse_batch
from podrec_assets.recommend import implicit_als
from podrec_assets.recommend.als import AlsConfig, top_n
from podrec_assets.recommend.blend import BlendConfig, recommend
from podrec_assets.recommend.interactions import Interactions, interactions
from podrec_assets.recommend.metrics import bootstrap_interval
from podrec_assets.sample_world import library, site
from podrec_assets.schemas import EPISODES, NEWCOMER, TRANSCRIPTS
from podrec_assets.settings import Settings
from podrec_assets.simulation.listeners import heard_before, listening
from podrec_assets.simulation.records import SimulatedMessage, recorded
from podrec_assets.simulation.world import EpisodeInfo, Moment, World, make_world, midnight
from podrec_assets.simulation.worth import Outcome, play_lists, summaries
from podrec_assets.stores import duck

BASE_URL = "http://samples.test"
LAST_DAY = date(2026, 11, 14)
DAYS, USERS, SEEDS, PLACES = 14, 200, (7, 8, 9), 10
RANKS, ALPHAS = (8, 24), (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
GRID = {f"rank {rank}, alpha {alpha}": (rank, alpha) for alpha in ALPHAS for rank in RANKS}
"""Blends by name: ALS rank and alpha."""
RANKERS = ("blend", "als", "content", "popularity", "random")
Lists = dict[str, list[dict]]
"""By ranker, documents as of final_recommendations."""


def sample_content(settings: Settings) -> tuple[pa.Table, pa.Table]:
    """(rows of EPISODES, rows of VECTORS) of the sample world, as if each had landed on its day of publication."""
    pages = {f"{BASE_URL}{path}": page for path, page in site.build(BASE_URL, LAST_DAY).items()}
    rows: list[dict] = []
    for show in library.load():
        url = f"{BASE_URL}/feeds/{show.slug}.xml"
        for announced in parse_feed(pages[url][1], url).episodes:
            assert announced.published_at
            rows.append({**decode(encode(announced)), "day": announced.published_at.date()})
    # A page that the site withholds is a 404 there; an empty one is as useless to the parser.
    answers = [published(row, lambda url: SimpleNamespace(content_type="", body=pages.get(url, ("", b""))[1])) for row in rows]
    transcripts = [answer.row for answer in answers if answer.row]
    vectors = embed_transcripts(TRANSCRIPTS.rows(transcripts), SentenceEncoder(settings.embedding_model), settings.chunk_tokens)
    return EPISODES.rows(rows), vectors


def world_episodes(episodes: pa.Table) -> list[EpisodeInfo]:
    """The episodes as the world knows them."""
    topics = {f"{BASE_URL}/feeds/{slug}.xml": topic for slug, topic in library.topics().items()}
    names = ["episode_id", "show_id", "feed_url", "published_at", "duration_s"]
    return [
        EpisodeInfo(e["episode_id"], e["show_id"], topics[e["feed_url"]], e["published_at"], e["duration_s"])
        for e in episodes.select(names).to_pylist()
    ]


def history_of(messages: list[SimulatedMessage], settings: Settings, as_of: date) -> Interactions:
    """What the models see of the records that had come by the end of the day."""
    come = [m for m in messages if m.recorded_at < midnight(as_of + timedelta(days=1))]
    raw = pa.table(
        {
            "kafka_topic": ["user-events"] * len(come),
            "kafka_partition": pa.array([0] * len(come), pa.int32()),
            "kafka_offset": pa.array(range(len(come)), pa.int64()),
            "recorded_at": [m.recorded_at for m in come],
            "value": [m.value for m in come],
        }
    )
    parsed = parse_batch(raw, settings.future_skew_s)
    events = parsed.filter(pc.is_null(parsed["refusal"]))
    daily = duck.query(daily_score_sql(settings), {"events": events})
    return interactions(daily, as_of, settings.half_life_days)


def make_lists(history: Interactions, known: pa.Table, near: list[dict], settings: Settings, as_of: date, seed: int) -> Lists:
    """The lists of every ranker; all but random give newcomers what is popular. Then, without a cap on shows, those of GRID."""
    als = {rank: _als(history, settings, rank) for rank in {settings.als_rank, *RANKS}}

    def blend(alpha: float, cap: int, rank: int = settings.als_rank) -> list[dict]:
        shape = BlendConfig(settings.list_length, cap)
        return recommend(history, als[rank], near, known, [{"min_history": 0, "alpha": alpha}], shape, as_of)

    popular = sorted(known["episode_id"].to_pylist(), key=lambda e: (-history.recent_plays.get(e, 0.0), e))
    random = np.random.default_rng(seed)
    users = [*history.users, NEWCOMER]
    shuffled = {u: [popular[i] for i in random.permutation(len(popular))] for u in users}
    return {
        "blend": blend(settings.fusion_alpha, settings.per_show_cap),
        "als": [*als[settings.als_rank], _document(NEWCOMER, popular, history)],
        "content": blend(0.0, settings.per_show_cap),
        "popularity": [_document(u, popular, history) for u in users],
        "random": [_document(u, shuffled[u], history) for u in users],
        **{name: blend(alpha, settings.list_length, rank) for name, (rank, alpha) in GRID.items()},
    }


def _als(history: Interactions, settings: Settings, rank: int) -> list[dict]:
    config = AlsConfig(rank, settings.als_regularization, settings.als_alpha, settings.als_iterations, settings.seed)
    return top_n(implicit_als.fit(history.matrix, config), history, config, settings.als_top_n)


def _document(user: str, ranked: list[str], history: Interactions) -> dict:
    seen = history.seen.get(user, set())
    return {"user_id": user, "items": [{"episode_id": e} for e in ranked if e not in seen]}


def played(content: tuple[pa.Table, pa.Table], settings: Settings, seed: int) -> dict[str, list[Outcome]]:
    """By ranker, what each listener of the world of a seed would click at the beginning of the last day."""
    episodes, vectors = content
    eve = LAST_DAY - timedelta(days=1)
    known = catalogue(episodes, eve, settings.catalogue_days)
    shows = dict(zip(known["episode_id"].to_pylist(), known["show_id"].to_pylist(), strict=True))
    near = similarities(catalogue(vectors, eve, settings.catalogue_days), shows, settings.neighbours)
    world = make_world(world_episodes(episodes), USERS, DAYS, seed, LAST_DAY)
    end = midnight(LAST_DAY)
    happened = listening(world, seed, end)
    history = history_of(recorded(happened, seed, end), settings, eve)
    moments = list(_moments(world, heard_before(happened, end), end))
    lists = make_lists(history, known, near, settings, eve, seed)
    return {name: play_lists(world, documents, moments, PLACES) for name, documents in lists.items()}


def _moments(world: World, heard: dict[str, frozenset[str]], at: datetime) -> Iterator[Moment]:
    for user_id in world.listeners:
        yield Moment(user_id, at, heard.get(user_id, frozenset()))


def print_results(outcomes: dict[str, list[Outcome]], console: Console) -> None:
    """One line for each ranker and group of listeners, with 95 % intervals over listeners."""
    table = Table(title=f"Expected click-through of {PLACES} places", box=None)
    for name in ("ranker", "listeners", "count", "click-through", "95 %", "of the best", "regret", "blend leads by", "95 %"):
        table.add_column(name, justify="left" if name in ("ranker", "listeners") else "right")
    for ranker in RANKERS:
        mine = outcomes[ranker]
        for group, summary in summaries(mine).items():
            picked = [i for i, o in enumerate(mine) if group == "all" or o.is_cold == (group == "cold")]
            earned = [mine[i].click_through for i in picked]
            lead = [outcomes["blend"][i].click_through - mine[i].click_through for i in picked]
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


def print_grid(outcomes: dict[str, list[Outcome]], console: Console) -> None:
    """Of the best, by alpha (lines) and ALS rank (columns), for warm listeners and without a cap on shows."""
    table = Table("alpha", *(f"rank {rank}" for rank in RANKS), title="Blend of the best, warm, no cap", box=None)
    for alpha in ALPHAS:
        shares = [summaries(outcomes[f"rank {rank}, alpha {alpha}"])["warm"].ratio for rank in RANKS]
        table.add_row(str(alpha), *(f"{share:.1%}" for share in shares))
    console.print(table)


def _interval(values: list[float]) -> str:
    low, high = bootstrap_interval(values, SEEDS[0])
    return f"{low:.4f} to {high:.4f}"


def main() -> None:
    """Plays all rankers in the worlds of all seeds and prints the table."""
    settings = Settings.load()
    content = sample_content(settings)
    outcomes: dict[str, list[Outcome]] = {}
    for seed in SEEDS:
        for ranker, found in played(content, settings, seed).items():
            outcomes.setdefault(ranker, []).extend(found)
    console = Console(highlight=False, width=140)
    print_results(outcomes, console)
    print_grid(outcomes, console)


if __name__ == "__main__":
    main()
