"""What every page needs: one set of connections, cached looks at the catalogue, and errors in
words.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from podrec_assets.dashboard import covers
from podrec_assets.errors import PodrecError
from podrec_assets.formatting import clock
from podrec_assets.markdown_escape import escape_markdown
from podrec_assets.pipelines.connections import Connections
from podrec_assets.serving import catalogue, reader
from podrec_assets.settings import Settings

FRESH_S = 30
COVER_PX = 96
LISTENERS_SHOWN = 1000


@st.cache_resource
def connections() -> Connections:
    """The connections of this process."""
    return Connections.open(Settings.load())


@st.cache_data(ttl=FRESH_S, show_spinner="Reading the catalogue …")
def episodes() -> dict[str, dict]:
    """Every known episode by id."""
    return catalogue.episodes(connections())


@st.cache_data(ttl=FRESH_S, show_spinner="Reading the published lists …")
def listeners() -> list[str]:
    """Listeners to choose from: the first of those who have a published list; any other can be
    typed.
    """
    return reader.listeners(connections())[:LISTENERS_SHOWN]


def choose_listener() -> str | None:
    """The listener that a person chose, typed, or opened a link to (?listener=)."""
    with errors_in_words():
        known = listeners()
    linked = st.query_params.get("listener")
    options = known if linked is None or linked in known else [linked, *known]
    words = "Choose one, or type any name: a stranger sees the newcomers' list."
    start = options.index(linked) if linked else 0
    return (
        st.selectbox(
            "Listener", options, start, accept_new_options=True, key="listener", help=words
        )
        if options
        else None
    )


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Shows an expected error as a sentence and ends the page; anything else is a bug and shows as
    one.
    """
    try:
        yield
    except PodrecError as err:
        st.warning(escape_markdown(str(err)), icon=":material/info:")
        st.stop()


def facts(episode: dict) -> str:
    """Show, date and length of an episode in one line; plain text, for feeds may hold anything."""
    published, duration = episode.get("published_at"), episode.get("duration_s")
    parts = [
        episode.get("show_title"),
        f"{published:%d %b %Y}" if published else None,
        clock(duration) if duration else None,
    ]
    return " · ".join(p for p in parts if p)


def artwork(episode: dict, width: int = COVER_PX) -> None:
    """The episode's artwork, or a cover made from its show's name where the feed has none."""
    url, show = episode.get("image_url"), episode.get("show_title") or "?"
    if url and url.startswith(("http://", "https://")):
        st.image(url, width=width, alt=f"Artwork of {show}")
    else:
        st.image(
            covers.cover(episode.get("show_id") or show, show), width=width, alt=f"Cover of {show}"
        )


def at(seconds: float | None) -> str:
    """A time in an episode; empty where it is not known."""
    return "" if seconds is None else clock(seconds)


def side_by_side(passage: dict, here: str = "Here", there: str = "There") -> None:
    """The two passages of a pair that is alike {here_s, here_text, there_s, there_text}."""
    for column, name, side in zip(st.columns(2), (here, there), ("here", "there"), strict=True):
        when = at(passage.get(f"{side}_s"))
        column.caption(f"{name} at {when}" if when else name)
        column.text(passage.get(f"{side}_text") or "")
