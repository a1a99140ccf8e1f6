"""The Episode page of a lake without services: what it shows of a transcript."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from podrec_assets import dashboard
from podrec_assets.schemas import EPISODES, TRANSCRIPTS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import Lake

DAY = date(2026, 11, 1)
SEGMENT = {"start_s": 0.0, "end_s": 2.0, "speaker": None, "text": "Hello there."}


@pytest.fixture
def page(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """Yields the page of one episode with a transcript."""
    lake = Lake(settings.lake_root, settings.home / "locks")
    of_episode = {"day": DAY, "episode_id": "e", "language": "en"}
    episode = {**of_episode, "show_id": "s", "show_title": "Show", "title": "Bread \u202egpj.exe"}
    transcript = {
        **of_episode, "status": "ok", "reason": "3 words outside of cues left out",
        "source": "publisher", "engine": "vtt/3", "segments": [SEGMENT], "word_count": 2,
    }  # fmt: skip
    lake.replace_days(EPISODES, EPISODES.rows([episode]), {DAY})
    lake.replace_days(TRANSCRIPTS, TRANSCRIPTS.rows([transcript]), {DAY})
    monkeypatch.setenv("PODREC_HOME", str(settings.home))
    st.cache_data.clear()
    st.cache_resource.clear()
    yield AppTest.from_file(str(Path(dashboard.__path__[0]) / "episode.py"), default_timeout=60)
    st.cache_data.clear()
    st.cache_resource.clear()


def test_what_a_usable_transcript_lacks_is_shown(page: AppTest) -> None:
    page.run()
    assert any("3 words outside of cues left out" in c.value for c in page.caption)


def test_a_title_cannot_turn_the_text_of_the_list_of_episodes(page: AppTest) -> None:
    page.run()
    assert page.selectbox[0].options == [r"Show: Bread \u202egpj.exe"]
