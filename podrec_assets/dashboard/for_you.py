"""The For you page: a listener's published list with reasons, scores and feedback buttons."""

import streamlit as st

from podrec_assets.dashboard import covers
from podrec_assets.dashboard.shared import (
    artwork,
    cells,
    choose_listener,
    connections,
    episodes,
    error_messages,
    facts,
    plain_text,
)
from podrec_assets.errors import PodrecError
from podrec_assets.listening.event_message import Refusal
from podrec_assets.markdown_escape import escape_markdown
from podrec_assets.recommend.ranking.arms.registry import ARMS, labelled_scores
from podrec_assets.serving.analytics import RECENT_DAYS, recently_heard
from podrec_assets.serving.feedback import send_event, send_impressions
from podrec_assets.serving.reader import recommendations

ACTIONS = {
    "like": ("Like", "Liked", ":material/thumb_up:"),
    "play": ("Played it", "Played", ":material/play_arrow:"),
    "skip": ("Skip", "Skipped", ":material/skip_next:"),
}
BARS = (
    f"From the top: {', '.join(f'{arm.basis} ({arm.label})' for arm in ARMS)}. "
    "Each is relative to this listener's highest score."
)


def show() -> None:
    """Shows the page."""
    st.title("For you", anchor=False)
    left, right = st.columns([3, 1])
    with left:
        user = choose_listener()
    count = right.slider("Episodes", 3, 20, 10)
    if not user:
        return
    with error_messages():
        listed = recommendations(connections(), user, count)
    if not listed["known"]:
        st.info(
            f"{escape_markdown(user)} is new here and sees the list for newcomers.",
            icon=":material/waving_hand:",
        )
    st.caption(f"As of {listed['day']} · version {listed['version']}")
    if not listed["items"]:
        st.info("The list is empty: this listener has heard every episode.")
    for item in listed["items"]:
        _card(user, listed["version"], item)
    if listed["known"]:
        _recently_heard(user)
    _record_impressions(user, listed)


@st.fragment
def _card(user: str, version: str, item: dict) -> None:
    episode = episodes().get(item["episode_id"], {"show_title": item["show"]})
    with st.container(border=True):
        picture, text = st.columns([1, 8], vertical_alignment="top")
        with picture:
            artwork(episode)
        with text:
            st.subheader(f"{item['rank']}. {escape_markdown(item['title'])}", anchor=False)
            st.caption(escape_markdown(facts(episode)))
            plain_text(item["reason"])
            _score(item)
            with st.container(horizontal=True, gap="small"):
                _buttons(user, version, item)


def _score(item: dict) -> None:
    """Shows the score with those of the arms, or with its sources if all of them are 0."""
    arms = labelled_scores(item)
    if not any(arms.values()):
        st.caption(f"score {item['score']:.2f} · {', '.join(item['sources'])}")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.image(
            covers.score_bars(list(arms.values())), width=160, alt=f"Scores: {', '.join(arms)}"
        )
        parts = " · ".join(f"{label} {score:.2f}" for label, score in arms.items())
        st.caption(f"score {item['score']:.2f} · {parts}", help=BARS, width="content")


def _buttons(user: str, version: str, item: dict) -> None:
    done = st.session_state.setdefault("done", set())
    for kind, (label, past, icon) in ACTIONS.items():
        key = f"{kind}-{version}-{user}-{item['episode_id']}"
        is_done = key in done
        sent = (key, user, item, kind, version)
        st.button(
            past if is_done else label,
            key=key,
            icon=icon,
            disabled=is_done,
            on_click=_act,
            args=sent,
        )
    if st.button(
        "Details",
        key=f"details-{version}-{user}-{item['episode_id']}",
        icon=":material/arrow_forward:",
    ):
        _send(user, item, "click", version)
        st.switch_page("episode.py", query_params={"id": item["episode_id"]})


def _act(key: str, user: str, item: dict, kind: str, version: str) -> None:
    """Sends the event; runs before the card is drawn again."""
    if _send(user, item, kind, version):
        st.session_state["done"].add(key)


def _send(user: str, item: dict, kind: str, version: str) -> bool:
    """Sends the event, shows the result, and returns whether Kafka accepted it."""
    share = 1.0 if kind == "play" else None
    try:
        event = send_event(
            connections(),
            user,
            item["episode_id"],
            kind,
            list_version=version,
            position=item["rank"],
            completed_share=share,
        )
    except (PodrecError, Refusal) as err:
        st.toast(f"Not saved: {escape_markdown(str(err))}", icon=":material/error:")
        return False
    st.toast(
        f"Saved: {kind} of “{escape_markdown(item['title'])}” (event {event['event_id'][:8]})",
        icon=":material/check:",
    )
    return True


def _recently_heard(user: str) -> None:
    with error_messages():
        rows = recently_heard(connections(), user)
    with st.expander(f"Recently heard by {escape_markdown(user)}", expanded=False):
        if not rows:
            st.caption(f"Nothing in the last {RECENT_DAYS} days.")
            return
        with_titles = [
            {**r, "title": episodes().get(r["episode_id"], {}).get("title") or r["episode_id"]}
            for r in rows
        ]
        columns = {
            "day": st.column_config.DateColumn("day", width="small"),
            "title": st.column_config.TextColumn("episode", width="large"),
            "played": st.column_config.ProgressColumn(
                "played", min_value=0, max_value=1, format="percent"
            ),
            "likes": st.column_config.NumberColumn("likes", width="small"),
        }
        st.dataframe(
            cells(with_titles), hide_index=True, column_order=list(columns), column_config=columns
        )


def _record_impressions(user: str, listed: dict) -> None:
    """Sends an impression for each item that this browser session has not shown before."""
    shown = st.session_state.setdefault("shown", set())
    version = listed["version"]
    new = [i for i in listed["items"] if (user, version, i["episode_id"]) not in shown]
    if not new:
        return
    # Marked as shown before sending: an unreachable broker must not delay every later view.
    shown.update((user, version, i["episode_id"]) for i in new)
    try:
        send_impressions(connections(), user, version, new)
    except (PodrecError, Refusal) as err:
        st.caption(f"The impressions were not saved: {escape_markdown(str(err))}")


show()
