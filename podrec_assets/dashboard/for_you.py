"""A listener's published list: cards with their reason, the parts of the score, and buttons that send events."""

import streamlit as st

from podrec_assets.dashboard.shared import artwork, connections, episodes, errors_in_words, facts
from podrec_assets.serving.feedback import send_event
from podrec_assets.serving.reader import listeners, recommendations

ACTIONS = {
    "like": ("Like", ":material/thumb_up:"),
    "play": ("Played it", ":material/play_arrow:"),
    "skip": ("Skip", ":material/skip_next:"),
}


def show() -> None:
    """The page."""
    st.title("For you")
    with errors_in_words():
        known = listeners(connections())
    left, right = st.columns([2, 1])
    words = "Choose one, or type any name: a stranger sees the newcomers' list."
    user = left.selectbox("Listener", known, accept_new_options=True, key="listener", help=words)
    count = right.slider("Episodes", 3, 20, 10)
    if not user:
        return
    with errors_in_words():
        found = recommendations(connections(), user, count)
    if not found["known"]:
        st.info(f"{user} is new here: this is the list that newcomers see.")
    st.caption(f"As of {found['day']}, version {found['version']}")
    _remember_impressions(user, found)
    for item in found["items"]:
        _card(user, found["version"], item)


def _card(user: str, version: str, item: dict) -> None:
    episode = episodes().get(item["episode_id"], {"show_title": item["show"]})
    with st.container(border=True):
        picture, text, buttons = st.columns([1, 6, 2])
        with picture:
            artwork(episode)
        with text:
            st.subheader(f"{item['rank']}. {item['title']}", anchor=False)
            st.text(facts(episode))
            st.text(item["reason"])
            st.progress(
                min(max(item["score"], 0.0), 1.0),
                f"score {item['score']:.2f} = ALS {item['als']:.2f}, content {item['cosine']:.2f}",
            )
        with buttons:
            for kind, (label, icon) in ACTIONS.items():
                key = f"{kind}-{version}-{user}-{item['episode_id']}"
                if st.button(label, key=key, icon=icon, width="stretch"):
                    _send(user, item, kind, version)
            st.page_link("episode.py", label="More", icon=":material/arrow_forward:", query_params={"id": item["episode_id"]})


def _send(user: str, item: dict, kind: str, version: str) -> None:
    share = 1.0 if kind == "play" else None
    with errors_in_words():
        event = send_event(
            connections(), user, item["episode_id"], kind, list_version=version, position=item["rank"], completed_share=share
        )
    st.toast(f"Noted: {kind} of “{item['title']}” (event {event['event_id'][:8]})", icon=":material/check:")


def _remember_impressions(user: str, found: dict) -> None:
    """One impression for each item, the first time that this browser session shows this version to this listener."""
    shown = st.session_state.setdefault("shown", set())
    new = [i for i in found["items"] if (user, found["version"], i["episode_id"]) not in shown]
    shown.update((user, found["version"], i["episode_id"]) for i in new)
    with errors_in_words():
        for item in new:
            send_event(
                connections(), user, item["episode_id"], "impression", list_version=found["version"], position=item["rank"]
            )


show()
