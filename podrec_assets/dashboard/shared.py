"""Shared by all pages: connections, cached reads of the catalogue, and error messages."""

from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd
import streamlit as st

from podrec_assets.dashboard import covers
from podrec_assets.errors import PodrecError
from podrec_assets.formatting import clock
from podrec_assets.markdown_escape import escape_markdown
from podrec_assets.pipelines.connections import Connections
from podrec_assets.serving import catalogue, reader
from podrec_assets.settings import Settings
from podrec_assets.visible_text import spreadsheet_cell, visible_lines

FRESH_S = 30
COVER_PX = 96
LISTENERS_SHOWN = 1000


@st.cache_resource
def connections() -> Connections:
    """Returns the connections of this process."""
    return Connections.open(Settings.load())


@st.cache_data(ttl=FRESH_S, show_spinner="Reading the catalogue …")
def episodes() -> dict[str, dict]:
    """Returns every known episode by id."""
    return catalogue.episodes(connections())


@st.cache_data(ttl=FRESH_S, show_spinner="Reading the published lists …")
def listeners() -> list[str]:
    """Returns the first listeners with a published list; others can be typed."""
    return reader.listeners(connections())[:LISTENERS_SHOWN]


def choose_listener() -> str | None:
    """Returns the listener that was selected, typed, or given in the link (?listener=)."""
    with error_messages():
        known = listeners()
    linked = st.query_params.get("listener")
    options = known if linked is None or linked in known else [linked, *known]
    if not options:
        return None
    start = options.index(linked) if linked else 0
    hint = "Choose a listener or type a name. Unknown names get the list for newcomers."
    return st.selectbox(
        "Listener", options, start, accept_new_options=True, key="listener", help=hint
    )


@contextmanager
def error_messages() -> Iterator[None]:
    """Shows an expected error as a message and stops the page; other exceptions are bugs."""
    try:
        yield
    except PodrecError as err:
        st.warning(escape_markdown(str(err)), icon=":material/info:")
        st.stop()


def facts(episode: dict) -> str:
    """Returns show, date and length of an episode in one line of unescaped text."""
    published, duration = episode.get("published_at"), episode.get("duration_s")
    parts = [
        episode.get("show_title"),
        f"{published:%d %b %Y}" if published else None,
        clock(duration) if duration else None,
    ]
    return " · ".join(p for p in parts if p)


def artwork(episode: dict, width: int = COVER_PX) -> None:
    """Shows the episode's artwork, or a generated cover if the feed has none."""
    url, show = episode.get("image_url"), episode.get("show_title") or "?"
    if url and url.startswith(("http://", "https://")):
        st.image(url, width=width, alt=f"Artwork of {show}")
    else:
        st.image(
            covers.cover(episode.get("show_id") or show, show), width=width, alt=f"Cover of {show}"
        )


def at(seconds: float | None) -> str:
    """Returns a time in an episode as text; empty if unknown."""
    return "" if seconds is None else clock(seconds)


def side_by_side(passage: dict, here: str = "Here", there: str = "There") -> None:
    """Shows two similar passages {here_s, here_text, there_s, there_text} side by side."""
    for column, name, side in zip(st.columns(2), (here, there), ("here", "there"), strict=True):
        when = at(passage.get(f"{side}_s"))
        column.caption(f"{name} at {when}" if when else name)
        column.text(visible_lines(passage.get(f"{side}_text") or ""))


def plain_text(text: str | None) -> None:
    """Shows untrusted text as a block, controls as escapes."""
    st.text(visible_lines(text or ""))


def cells(rows: list[dict] | pd.DataFrame) -> pd.DataFrame:
    """Returns rows for a table on a page, which people also download and open in a spreadsheet."""
    frame = pd.DataFrame(rows)
    texts = frame.select_dtypes(exclude="number").columns
    return frame.assign(**{name: frame[name].map(_cell) for name in texts})


def _cell(value: object) -> object:
    return spreadsheet_cell(value) if isinstance(value, str) else value
