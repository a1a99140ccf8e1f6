"""What every page needs: one set of connections, cached looks at the catalogue, and errors in words."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from podrec_assets.errors import PodrecError
from podrec_assets.recommend.explain import clock
from podrec_assets.resources.connections import Connections
from podrec_assets.resources.lake import storage_options
from podrec_assets.serving import catalogue
from podrec_assets.settings import Settings

FRESH_S = 30


@st.cache_resource
def connections() -> Connections:
    """The connections of this process."""
    settings = Settings.load()
    return Connections(settings, storage_options(settings.lake_root))


@st.cache_data(ttl=FRESH_S, show_spinner="Reading the catalogue …")
def episodes() -> dict[str, dict]:
    """Every known episode by id."""
    return catalogue.episodes(connections())


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Shows an expected error as a sentence and ends the page; anything else is a bug and shows as one."""
    try:
        yield
    except PodrecError as err:
        st.warning(str(err), icon=":material/info:")
        st.stop()


def facts(episode: dict) -> str:
    """Show, date and length of an episode in one line; plain text, for feeds may hold anything."""
    published, duration = episode.get("published_at"), episode.get("duration_s")
    parts = [episode.get("show_title"), f"{published:%d %b %Y}" if published else None, clock(duration) if duration else None]
    return " · ".join(p for p in parts if p)


def artwork(episode: dict) -> None:
    """The episode's artwork, or its show's initials where the feed has none."""
    url = episode.get("image_url")
    if url and url.startswith(("http://", "https://")):
        st.image(url, width=96)
    else:
        initials = "".join(word[0] for word in (episode.get("show_title") or "?").split()[:2]).upper()
        with st.container(border=True, width=96):
            st.header(initials)
