"""The chunks of all episodes, grouped by episode, with what the episodes table says. Pure."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from podrec_assets.content.similarity.vectors import vector_matrix


@dataclass(frozen=True)
class EpisodeChunks:
    """Chunks by episode.

    Attributes:
        episodes: ids, in order.
        bounds: `rows[bounds[i] : bounds[i + 1]]` are the chunks of `episodes[i]`, in order.
        rows: row numbers of the table.
        table: rows of VECTORS.
        vectors: (rows, dimension) vectors of the table.
        languages: primary subtag of each episode; an unknown one is the most common of all.
        audio_urls: audio address of each episode.
    """

    episodes: list[str]
    bounds: np.ndarray
    rows: np.ndarray
    table: pa.Table
    vectors: np.ndarray
    languages: list[str]
    audio_urls: list[str | None]

    def rows_of(self, episode: int) -> np.ndarray:
        return self.rows[self.bounds[episode] : self.bounds[episode + 1]]

    def text_of(self, episode: int) -> str:
        return " ".join(self.table["text"].take(pa.array(self.rows_of(episode))).to_pylist())

    def by_language(self) -> list[np.ndarray]:
        """Returns the positions of the episodes of each language."""
        languages = np.array(self.languages)
        return [np.flatnonzero(languages == name) for name in sorted(set(self.languages))]


def group_chunks(vectors: pa.Table, episodes: pa.Table) -> EpisodeChunks:
    """Returns the chunks of the known episodes, ordered by episode id and chunk number.

    Vectors are not copied where they lie in one piece.
    """
    keys = vectors.select(["episode_id", "chunk"])
    keys = keys.append_column("row", pa.array(np.arange(len(vectors))))
    keys = keys.filter(
        pc.is_in(keys["episode_id"], value_set=episodes["episode_id"].combine_chunks())
    )
    keys = keys.sort_by([("episode_id", "ascending"), ("chunk", "ascending")])
    ids = keys["episode_id"].combine_chunks().dictionary_encode()
    names = ids.dictionary.to_pylist()
    known = {
        e["episode_id"]: e
        for e in episodes.select(["episode_id", "language", "audio_url"]).to_pylist()
    }
    return EpisodeChunks(
        episodes=names,
        bounds=np.searchsorted(ids.indices.to_numpy(), np.arange(len(names) + 1)),
        rows=keys["row"].to_numpy(),
        table=vectors,
        vectors=vector_matrix(vectors["vector"]),
        languages=_fill_unknown([known[n]["language"] for n in names]),
        audio_urls=[known[n]["audio_url"] for n in names],
    )


def _fill_unknown(languages: list[str | None]) -> list[str]:
    common = Counter(filter(None, languages)).most_common(1)
    usual = common[0][0] if common else ""
    return [language or usual for language in languages]
