"""Search for what is said in any episode, by words and meaning."""

import streamlit as st

from podrec_assets.dashboard.shared import (
    artwork,
    at,
    connections,
    episodes,
    errors_in_words,
    facts,
)
from podrec_assets.markdown_escape import escape_markdown
from podrec_assets.serving import catalogue

RESULTS = 10


@st.cache_resource(show_spinner="Reading the passages …", max_entries=1)
def passages(version: int) -> catalogue.Passages:
    """Every chunk, read again when the table has a new version. Shared by all sessions: a copy for
    each would fill the memory.
    """
    return catalogue.passages(connections())


def show() -> None:
    """The page."""
    st.title("Search", anchor=False)
    words = st.text_input("What is it about?", placeholder="a comet that broke apart", key="words")
    if not words.strip():
        st.caption("Finds the passage of each episode that comes closest in words and meaning.")
        return
    with errors_in_words(), st.spinner("Searching …"):
        among = passages(connections().lake.state("vectors").version)
        found = catalogue.search(words, among, connections().encoder, RESULTS)
        known = episodes()
    if not found:
        st.info("There are no transcripts to search yet.")
    for passage in found:
        episode = known.get(passage["episode_id"], {})
        with st.container(border=True):
            picture, text = st.columns([1, 9])
            with picture:
                artwork(episode, 72)
            with text:
                st.subheader(escape_markdown(episode.get("title") or passage["episode_id"]), anchor=False)
                st.caption(
                    f"{escape_markdown(facts(episode))} · at {at(passage['start_s'] or 0.0)} · score {passage['score']:.2f}"
                )
                st.text(passage["text"])
                link = {"id": passage["episode_id"]}
                st.page_link(
                    "episode.py", label="Open", icon=":material/arrow_forward:", query_params=link
                )


show()
