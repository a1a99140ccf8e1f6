"""The dashboard: `streamlit run` of this file. Pages are files beside it; each reads through
`podrec_assets.serving`.
"""

from pathlib import Path

import streamlit as st

from podrec_assets.dashboard import login

# A picture of our own: named icons and emoji are fetched from a font server.
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
