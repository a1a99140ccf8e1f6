"""The entry point for `streamlit run`. Each page is a file in this folder."""

from pathlib import Path

import streamlit as st

from podrec_assets.dashboard import login

# A local file: Streamlit loads named icons and emoji from a font server.
st.set_page_config(
    page_title="podrec", page_icon=str(Path(__file__).with_name("icon.svg")), layout="wide"
)
PAGES = [
    st.Page("for_you.py", title="For you", icon=":material/recommend:", default=True),
    st.Page("episode.py", title="Episode", icon=":material/podcasts:", url_path="episode"),
    st.Page("search.py", title="Search", icon=":material/search:"),
    st.Page("analytics.py", title="Analytics", icon=":material/monitoring:"),
    st.Page("operations.py", title="Quality and operations", icon=":material/fact_check:"),
    st.Page("trace.py", title="Trace", icon=":material/account_tree:", url_path="trace"),
]
if login.is_admitted():
    st.navigation(PAGES).run()
else:
    st.navigation(PAGES, position="hidden")
    login.ask()
