"""What an episode is about, in its own words: the terms whose TF-IDF stands out against other
transcripts.
"""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from podrec_assets.pipelines.connections import Connections
from podrec_assets.stores import duckdb

COMPARED = 500
"""Transcripts that terms are told apart by: the newest ones, so that the cost does not grow with
the catalogue.
"""
COMMON_SHARE = 0.3
FEW = 10
"""With fewer transcripts than this, every term is common."""
TERM = r"(?u)\b[^\W\d_]{3,}\b"
TEXTS = """
SELECT episode_id, ARG_MAX(text, day) AS text FROM transcripts WHERE status = 'ok' GROUP BY episode_id
ORDER BY MAX(day) DESC, episode_id LIMIT $compared
"""


def vocabulary(connections: Connections) -> TfidfVectorizer | None:
    """Terms with how common each is among the newest transcripts; None where there are too few to
    tell.
    """
    lake = connections.lake
    found = duckdb.query_files(
        TEXTS, {"transcripts": lake.files("transcripts")}, lake.root, {"compared": COMPARED}
    )
    if found.num_rows < FEW:
        return None
    # English stop words beside the share: in a small catalogue some of them are rare.
    made = TfidfVectorizer(
        sublinear_tf=True, max_df=COMMON_SHARE, stop_words="english", token_pattern=TERM
    )
    try:
        return made.fit(found["text"].to_pylist())
    except ValueError:  # no term is left: texts without words, or all alike
        return None


def topics(terms: TfidfVectorizer, text: str, k: int = 10) -> list[str]:
    """At most k terms of a text, most telling first, ties in order of the alphabet."""
    row = terms.transform([text])
    names = terms.get_feature_names_out()[row.indices]
    order = np.lexsort((names, -np.round(row.data, 9)))
    return [str(names[i]) for i in order[:k]]
