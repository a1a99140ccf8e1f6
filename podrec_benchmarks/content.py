"""Quality and speed of the content model on real episodes: `make bench-content`.

266 real episodes of six shows go through the graph (feeds, transcripts, vectors, similarities).
Then one run reports:

- same-show precision and half-to-half hits of the fused arms and of each arm alone, with 95 %
  bootstrap intervals;
- token coverage;
- short queries on the sample world;
- chunks a second, compared with sentence-transformers in float32;
- the search, compared with a bare matrix product and partition.

Vectors are cached under PODREC_CACHE; the first run encodes 14,000 chunks.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from podrec_assets.content.similarity.episode_chunks import group_chunks
from podrec_assets.content.similarity.exact_knn import nearest, top_k
from podrec_assets.content.similarity.fused_similarity import fuse, fused_vectors
from podrec_assets.content.similarity.nearest_neighbours import (
    local_density,
    scaling_factors,
    similarities,
)
from podrec_assets.content.similarity.passage_search import LEXICAL_SHARE, bm25_shares
from podrec_assets.content.similarity.sentence_encoder import packaged_model
from podrec_assets.content.similarity.vectors import lost_tokens, vector_matrix
from podrec_assets.definitions import build_defs
from podrec_assets.defs.io_managers.delta import DeltaIOManager
from podrec_assets.defs.io_managers.mongo import MongoIOManager
from podrec_assets.defs.partitions import range_tags
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.encoders import open_encoder
from podrec_assets.pipelines.content.feed_ingest import ingest_feeds
from podrec_assets.recommend.evaluation.metrics import bootstrap_interval
from podrec_assets.services import jars, supervisor
from podrec_assets.settings import Settings
from podrec_benchmarks.changelog_site import TRANSCRIPTS, serve
from podrec_benchmarks.queries import NAMED, PARAPHRASED
from podrec_benchmarks.recommend_world import sample_content
from podrec_benchmarks.vector_cache import CachedEncoder

SEED, PLACES, ROUNDS = 7, 10, 3
ITEMS, QUERIES, DIMENSION, NEAREST = 100_000, 1_000, 384, 100
SPEED_CHUNKS = 64
ARMS = ("fused", "TF-IDF alone", "semantic alone")
Scores = dict[str, np.ndarray]
"""By arm: (episodes, episodes) similarities, or a measure for each episode."""


def through_the_graph(home: Path, cache: Path, share: float, console: Console) -> Connections:
    """Runs the content assets on the real transcripts and returns the connections of that home."""
    with serve(TRANSCRIPTS, share) as (address, feeds):
        settings = Settings.load(
            home=home,
            fetch_allow=address,
            kafka_bootstrap="",
            mongo_uri="",
            lake="",
            engine="local",
        )
        supervisor.up(settings, lambda _: None)
        connections = Connections(settings, {})
        connections.encoder = CachedEncoder(connections.encoder, cache)
        now = datetime.now(UTC)
        ingest_feeds(connections, feeds, False, now)
        managers = {
            "delta": DeltaIOManager(connections=connections),
            "mongo": MongoIOManager(connections=connections),
        }
        job = build_defs(
            settings, connections=connections, **managers
        ).resolve_implicit_global_asset_job_def()
        with dg.DagsterInstance.ephemeral() as instance:
            for asset in ("episodes", "transcripts", "vectors", "similarities"):
                began = time.monotonic()
                job.execute_in_process(
                    instance=instance,
                    asset_selection=[dg.AssetKey(asset)],
                    tags=range_tags(now.date(), now.date()),
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                )
                console.print(f"  {asset} in {time.monotonic() - began:.0f} s")
    return connections


def arms(vectors: pa.Table, episodes: pa.Table) -> tuple[list[str], Scores]:
    """Returns (episode ids, similarities by arm), by the functions of the asset.

    The diagonal is -inf: an episode is not its own neighbour.
    """
    chunks = group_chunks(vectors, episodes)
    (members,) = chunks.by_language()
    rows = fused_vectors(chunks, members)
    cosines = rows.semantic @ rows.semantic.T
    lexicals = (rows.lexical @ rows.lexical.T).toarray()
    fused = fuse(cosines, lexicals, rows.scale)
    for scores in (fused, lexicals, cosines):
        np.fill_diagonal(scores, -np.inf)
    factors = scaling_factors(np.array([local_density(row) for row in fused]))
    return chunks.episodes, dict(
        zip(ARMS, (fused * factors * factors[:, None], lexicals, cosines), strict=True)
    )


def same_show(ids: list[str], scores: np.ndarray, shows: dict[str, str]) -> np.ndarray:
    """Returns (episodes,) shares of the first PLACES neighbours from the episode's own show."""
    own = np.array([shows[i] for i in ids])
    return np.array([(own[best] == own[n]).mean() for n, best in enumerate(top_k(scores, PLACES))])


def halves(vectors: pa.Table, episodes: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Returns (vectors, episodes) with each half of an episode as an episode of its own.

    Their ids are `<id>#1` and `<id>#2`.
    """
    ids, chunks = vectors["episode_id"].to_pylist(), vectors["chunk"].to_pylist()
    counts: dict[str, int] = {}
    for episode in ids:
        counts[episode] = counts.get(episode, 0) + 1
    named = [f"{e}#{1 if c < counts[e] / 2 else 2}" for e, c in zip(ids, chunks, strict=True)]
    split = vectors.set_column(
        vectors.schema.get_field_index("episode_id"), "episode_id", pa.array(named)
    )
    language = dict(
        zip(episodes["episode_id"].to_pylist(), episodes["language"].to_pylist(), strict=True)
    )
    known = [
        {"episode_id": n, "language": language[n[:-2]], "audio_url": None}
        for n in sorted(set(named))
    ]
    return split, pa.Table.from_pylist(known)


def half_to_half(ids: list[str], scores: np.ndarray) -> np.ndarray:
    """Returns (halves,) whether the nearest half is the other half of the same episode."""
    return np.array(
        [ids[int(best[0])][:-2] == ids[n][:-2] for n, best in enumerate(top_k(scores, 1))],
        dtype=float,
    )


def across(ids: list[str], scores: np.ndarray) -> np.ndarray:
    """Returns similarities between first and second halves only.

    This is the usual task: queries from one side of the cut, candidates from the other. Among all
    halves it is harder for a reason unrelated to content: the beginnings of a show's episodes
    resemble each other, and so do their ends.
    """
    sides = np.array([i[-1] for i in ids])
    return np.where(sides[:, None] == sides[None, :], -np.inf, scores)


def report_quality(connections: Connections, console: Console) -> None:
    """Prints precision, half-to-half hits and coverage."""
    vectors, episodes = connections.lake.read("vectors"), connections.lake.read("episodes")
    shows = dict(
        zip(episodes["episode_id"].to_pylist(), episodes["show_title"].to_pylist(), strict=True)
    )
    ids, whole = arms(vectors, episodes)
    split, known = halves(vectors, episodes)
    half_ids, parts = arms(split, known)
    table = Table(box=None)
    by_measure: dict[str, Scores] = {
        f"same show P@{PLACES}": {arm: same_show(ids, whole[arm], shows) for arm in ARMS},
        "half to half hit@1": {
            arm: half_to_half(half_ids, across(half_ids, parts[arm])) for arm in ARMS
        },
        "hit@1 among all halves": {arm: half_to_half(half_ids, parts[arm]) for arm in ARMS},
    }
    for name in ("arm", *by_measure):
        table.add_column(name)
    for arm in ARMS:
        table.add_row(
            arm,
            *(
                f"{values[arm].mean():.3f} ({_interval(values[arm])})"
                for values in by_measure.values()
            ),
        )
    sizes = np.unique([shows[i] for i in ids], return_counts=True)[1]
    console.print(
        f"{len(ids)} episodes of {len(sizes)} shows, {len(vectors)} chunks; chance P@{PLACES} "
        f"{_chance(sizes):.3f}"
    )
    console.print(table)
    for arm in ARMS[1:]:
        for name, values in by_measure.items():
            lead = values["fused"] - values[arm]
            console.print(f"fused leads {arm} by {lead.mean():+.3f} ({_interval(lead)}) in {name}")
    newest = connections.mongo.latest_version("similarities")
    assert newest
    served = {
        d["episode_id"]: d["items"]
        for d in connections.mongo.documents("similarities", newest.version)
    }
    of_graph = [
        np.mean([shows[i["episode_id"]] == shows[e] for i in served[e][:PLACES]]) for e in ids
    ]
    console.print(
        f"as the graph published them: P@{PLACES} {np.mean(of_graph):.3f} over {len(served)} "
        "documents"
    )
    halved = {d["episode_id"]: d["items"][0]["episode_id"] for d in similarities(split, known, 1)}
    console.print(
        "the asset's function on halves: hit@1 among all halves "
        f"{np.mean([halved[h][:-2] == h[:-2] for h in halved]):.3f}"
    )
    _report_coverage(connections, vectors, console)


def _report_coverage(connections: Connections, vectors: pa.Table, console: Console) -> None:
    transcripts = connections.lake.read("transcripts")
    faults, said = lost_tokens(
        transcripts, vectors, connections.encoder, connections.settings.chunk_tokens
    )
    encoded, left_out = (
        pa.compute.sum(vectors[c]).as_py() for c in ("token_count", "left_out_token_count")
    )
    console.print(
        f"tokens: {said} said = {encoded} encoded + {left_out} left out as repeated "
        f"({left_out / said:.2%}); "
        f"coverage {(encoded + left_out) / said:.2%}, {len(faults)} episodes do not add up"
    )


def report_queries(settings: Settings, console: Console) -> None:
    """Prints hit@1 and MRR by arm, for short queries on the sample world."""
    episodes, vectors = sample_content(settings)
    encoder = open_encoder(settings)
    titles = dict(
        zip(episodes["episode_id"].to_pylist(), episodes["title"].to_pylist(), strict=True)
    )
    ids = np.array([titles[e] for e in vectors["episode_id"].to_pylist()])
    table = Table("queries", "arm", "hit@1", "MRR", box=None)
    for kind, wanted in (
        ("rare words", NAMED),
        ("paraphrase", PARAPHRASED),
        ("both", NAMED | PARAPHRASED),
    ):
        ranks: dict[str, list[int]] = {arm: [] for arm in ARMS}
        for query, title in wanted.items():
            lexical = bm25_shares(query, vectors)
            cosines = vector_matrix(vectors["vector"]) @ encoder.encode([query])[0]
            fused = LEXICAL_SHARE * lexical + (1 - LEXICAL_SHARE) * cosines
            for arm, scores in zip(ARMS, (fused, lexical, cosines), strict=True):
                ranked = list(dict.fromkeys(ids[np.argsort(-scores, kind="stable")]))
                # Where no passage matches at all, the first one is not a hit.
                ranks[arm].append(ranked.index(title) + 1 if scores.max() > 0 else len(ranked))
        for arm, arm_ranks in ranks.items():
            places = np.array(arm_ranks)
            table.add_row(
                f"{len(wanted)} {kind}",
                arm,
                f"{(places == 1).mean():.3f}",
                f"{(1 / places).mean():.3f}",
            )
    console.print(table)


def report_encoding(settings: Settings, vectors: pa.Table, console: Console) -> None:
    """Prints chunks a second of the encoder, and of sentence-transformers in float32."""
    from sentence_transformers import SentenceTransformer

    texts = vectors["text"].to_pylist()[:SPEED_CHUNKS]
    ours = open_encoder(settings)
    plain = SentenceTransformer(str(packaged_model()), device="cpu", local_files_only=True)
    fast, slow = _fastest(
        lambda: ours.encode(texts),
        lambda: plain.encode(texts, normalize_embeddings=True, show_progress_bar=False),
    )
    console.print(
        f"encoding: {len(texts) / fast:.1f} chunks/s with {ours.version}, "
        f"torch in float32 {len(texts) / slow:.1f}: ratio {slow / fast:.2f}"
    )


def report_search(console: Console) -> None:
    """Prints the time of the exact search and of a bare product, and recall against a sort."""
    random = np.random.default_rng(SEED)
    items, queries = (
        _unit(random.standard_normal((n, DIMENSION), dtype=np.float32)) for n in (ITEMS, QUERIES)
    )

    def bare() -> None:
        np.argpartition(queries @ items.T, ITEMS - NEAREST, axis=1)

    ours, theirs = _fastest(lambda: nearest(queries, items, NEAREST), bare)
    indices, _ = nearest(queries, items, NEAREST)
    exact = [np.argsort(-(items @ q), kind="stable")[:NEAREST] for q in queries[:100]]
    recall = np.mean(
        [
            len(set(a) & set(b)) / NEAREST
            for a, b in zip(indices[:100].tolist(), map(np.ndarray.tolist, exact), strict=True)
        ]
    )
    console.print(
        f"search of {QUERIES} in {ITEMS} x {DIMENSION}, top {NEAREST}: {ours:.2f} s, "
        f"bare product and partition {theirs:.2f} s: ratio {ours / theirs:.2f}; recall {recall:.3f}"
    )


def _fastest(first: Callable[[], object], second: Callable[[], object]) -> tuple[float, float]:
    """Returns the seconds of the fastest of ROUNDS rounds of each.

    Rounds alternate, so that other load on the machine affects both.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for work, taken in zip((first, second), times, strict=True):
            began = time.perf_counter()
            work()
            taken.append(time.perf_counter() - began)
    return min(times[0]), min(times[1])


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _chance(sizes: np.ndarray) -> float:
    total = sizes.sum()
    return float((sizes * (sizes - 1)).sum() / (total * (total - 1)))


def _interval(values: np.ndarray) -> str:
    low, high = bootstrap_interval(list(values), SEED)
    return f"{low:.3f} to {high:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--share",
        type=float,
        default=1.0,
        help="only the first share of each show's episodes (default: all)",
    )
    share = parser.parse_args().share
    console = Console(highlight=False, soft_wrap=True)
    settings = Settings.load()
    if TRANSCRIPTS.is_file():
        with tempfile.TemporaryDirectory(prefix="podrec-bench-") as folder:
            home = Path(folder)
            jars.ensure_all(settings, lambda _: None)
            try:
                connections = through_the_graph(
                    home, settings.cache / "bench-content", share, console
                )
                report_quality(connections, console)
                vectors = connections.lake.read("vectors", columns=("text",))
                report_encoding(settings, vectors, console)
            finally:
                supervisor.down(Settings.load(home=home))
    else:
        console.print(
            "skipped: same-show precision, half-to-half, coverage and encoding need "
            f"{TRANSCRIPTS}, which is not there"
        )
    report_queries(settings, console)
    report_search(console)


if __name__ == "__main__":
    main()
