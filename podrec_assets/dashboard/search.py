"""The Search page: finds passages in all episodes, by words and meaning."""

import streamlit as st

from podrec_assets.dashboard.shared import (
    artwork,
    at,
    connections,
    episodes,
    error_messages,
    facts,
    plain_text,
)
from podrec_assets.markdown_escape import escape_markdown
from podrec_assets.schemas import VECTORS
from podrec_assets.serving import catalogue

RESULTS = 10


@st.cache_resource(show_spinner="Reading the passages …", max_entries=1)
def passages(version: int) -> catalogue.Passages:  # noqa: ARG001 (version is the cache key)
    """Returns every chunk of a table version; shared by all sessions, to save memory."""
    return catalogue.passages(connections())


def show() -> None:
    """Shows the page."""
    st.title("Search", anchor=False)
    words = st.text_input("What is it about?", placeholder="a comet that broke apart", key="words")
    if not words.strip():
        st.caption("Finds the closest passage of each episode, by words and by meaning.")
        return
    with error_messages(), st.spinner("Searching …"):
        among = passages(connections().lake.state(VECTORS.name).version)
        known = episodes()
        withdrawn = catalogue.withdrawn(connections(), known)
        matches = catalogue.search(words, among, connections().encoder, RESULTS, withdrawn)
    if not matches:
        st.info("There are no transcripts to search yet.")
    for passage in matches:
        episode = known.get(passage["episode_id"], {})
        with st.container(border=True):
            picture, text = st.columns([1, 9])
            with picture:
                artwork(episode, 72)
            with text:
                st.subheader(
                    escape_markdown(episode.get("title") or passage["episode_id"]), anchor=False
                )
                place = f"at {at(passage['start_s'] or 0.0)} · score {passage['score']:.2f}"
                st.caption(f"{escape_markdown(facts(episode))} · {place}")
                plain_text(passage["text"])
                link = {"id": passage["episode_id"]}
                st.page_link(
                    "episode.py", label="Open", icon=":material/arrow_forward:", query_params=link
                )


show()
