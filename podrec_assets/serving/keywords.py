"""Keywords of an episode: the terms of its transcript with the highest TF-IDF."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import TRANSCRIPTS
from podrec_assets.stores import duckdb

COMPARED = 500
"""Newest transcripts that document frequencies are computed from; bounds the cost."""
COMMON_SHARE = 0.3
"""Terms in a larger share of the transcripts are ignored."""
MIN_TRANSCRIPTS = 10
"""With fewer transcripts than this, every term is common."""
TERM = r"(?u)\b[^\W\d_]{3,}\b"
TEXTS = """
SELECT episode_id, ARG_MAX(text, day) AS text FROM transcripts WHERE status = 'ok'
GROUP BY episode_id ORDER BY MAX(day) DESC, episode_id LIMIT $compared
"""


def vocabulary(connections: Connections) -> TfidfVectorizer | None:
    """Returns a vectorizer fitted on the newest transcripts; None if there are too few."""
    lake = connections.lake
    files = {TRANSCRIPTS.name: lake.files(TRANSCRIPTS.name)}
    texts = duckdb.query_files(TEXTS, files, lake.root, {"compared": COMPARED})
    if texts.num_rows < MIN_TRANSCRIPTS:
        return None
    # Stop words in addition to max_df: in a small catalogue some of them are rare.
    vectorizer = TfidfVectorizer(
        sublinear_tf=True, max_df=COMMON_SHARE, stop_words="english", token_pattern=TERM
    )
    try:
        return vectorizer.fit(texts["text"].to_pylist())
    except ValueError:  # no term is left: texts without words, or all the same
        return None


def topics(terms: TfidfVectorizer, text: str, k: int = 10) -> list[str]:
    """Returns up to k terms of a text, by descending TF-IDF, ties in alphabetical order."""
    row = terms.transform([text])
    names = terms.get_feature_names_out()[row.indices]
    order = np.lexsort((names, -np.round(row.data, 9)))
    return [str(names[i]) for i in order[:k]]
