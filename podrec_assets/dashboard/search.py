"""Search for what is said in any episode, by meaning."""

import streamlit as st

from podrec_assets.dashboard.shared import connections, episodes, errors_in_words, facts
from podrec_assets.recommend.explain import clock
from podrec_assets.serving import catalogue

RESULTS = 10


@st.cache_data(show_spinner="Reading the passages …")
def passages(version: int) -> catalogue.Passages:
    """Every chunk, read again when the table has a new version."""
    return catalogue.passages(connections())


def show() -> None:
    """The page."""
    st.title("Search")
    words = st.text_input("What is it about?", placeholder="a comet that broke apart", key="words")
    if not words.strip():
        st.caption("Finds the passage of each episode that comes closest in meaning.")
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
            st.subheader(episode.get("title") or passage["episode_id"], anchor=False)
            st.text(f"{facts(episode)} · at {clock(passage['start_s'] or 0)} · cosine {passage['score']:.2f}")
            st.text(passage["text"])
            st.page_link("episode.py", label="Open", icon=":material/arrow_forward:", query_params={"id": passage["episode_id"]})


show()
