"""Keywords of planted transcripts: terms that only one of them uses, by frequency."""

import pytest

from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import TRANSCRIPTS
from podrec_assets.serving.keywords import topics, vocabulary
from podrec_assets.settings import Settings
from podrec_assets_tests.serving.test_analytics import D


@pytest.fixture
def connections(settings: Settings) -> Connections:
    found = Connections(settings, {})
    spoken = {f"e{n}": f"we were here and there again word{n} 1999 the bread" for n in range(12)}
    spoken["e0"] += " comet comet comet tail"
    rows = [
        {"day": D[0], "episode_id": e, "status": "ok", "text": text} for e, text in spoken.items()
    ]
    found.lake.replace_days(TRANSCRIPTS, TRANSCRIPTS.rows(rows), D[:1])
    return found


def test_topics_are_terms_that_other_transcripts_lack_most_frequent_first(
    connections: Connections,
) -> None:
    terms = vocabulary(connections)
    assert terms is not None
    assert topics(terms, "The comet, the COMET and its tail; bread in 1999.") == ["comet", "tail"]
    assert topics(terms, "The comet and its tail", k=1) == ["comet"]
    assert topics(terms, "") == []


def test_too_few_transcripts_have_no_topics(settings: Settings) -> None:
    assert vocabulary(Connections(settings, {})) is None
