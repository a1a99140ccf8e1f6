"""The Trace page: from an item of a list to its run, inputs, evidence and Kafka records."""

import streamlit as st

from podrec_assets.dashboard.shared import (
    cells,
    choose_listener,
    connections,
    episodes,
    error_messages,
    plain_text,
    side_by_side,
)
from podrec_assets.markdown_escape import escape_markdown
from podrec_assets.recommend.ranking.arms.registry import labelled_scores
from podrec_assets.schemas import EVENT_KINDS
from podrec_assets.serving.provenance import trace
from podrec_assets.serving.reader import recommendations
from podrec_assets.visible_text import visible

MAX_ITEMS = 500
HEARD = ("episode", "arms", "similarity", "is_named")
DAILY = (
    "day",
    "episode",
    "score",
    *(kind.count_column for kind in EVENT_KINDS.values() if kind.changes_score),
    "max_completed_share",
)
EVENT = (
    "occurred_at",
    "kind",
    "weight",
    "episode",
    "topic",
    "partition",
    "offset",
    "event_id",
    "recorded_at",
)


def show() -> None:
    """Shows the page."""
    st.title("Trace", anchor=False)
    st.caption("From a served item back to the Kafka records behind it.")
    left, right = st.columns(2)
    with left:
        user = choose_listener()
    if not user:
        return
    with error_messages():
        items = recommendations(connections(), user, MAX_ITEMS)["items"]
    if not items:
        st.info("This listener's list is empty.")
        return
    titles = {i["episode_id"]: f"{i['rank']}. {i['title']}" for i in items}
    linked = st.query_params.get("episode")
    start = list(titles).index(linked) if linked in titles else 0
    episode = right.selectbox(
        "Item", list(titles), start, format_func=lambda e: visible(titles[e]), key="item"
    )
    with error_messages(), st.spinner("Tracing …"):
        traced = trace(connections(), user, episode)
    _item(traced)
    _lineage(traced)
    _evidence(traced)
    _events(traced)


def _item(traced: dict) -> None:
    item, publication = traced["item"], traced["publication"]
    with st.container(border=True):
        st.subheader(f"{item['rank']}. {escape_markdown(item['title'])}", anchor=False)
        plain_text(item["reason"])
        parts = " · ".join(f"{label} {score:.3f}" for label, score in labelled_scores(item).items())
        st.caption(
            f"score {item['score']:.3f} · {parts} · sources {', '.join(item['sources'])} · "
            f"published for {publication['day']}"
        )


def _lineage(traced: dict) -> None:
    left, right = st.columns(2)
    left.markdown("**Versions and runs**")
    left.dataframe(
        cells(traced["runs"]),
        hide_index=True,
        column_order=("collection", "version", "run_id"),
        column_config={"run_id": "run"},
    )
    right.markdown("**Inputs**")
    inputs = [
        {
            "table": name,
            "Delta version": source["delta_version"],
            "first day": source["days"][0],
            "last day": source["days"][1],
        }
        for name, source in traced["inputs"].items()
    ]
    right.dataframe(inputs, hide_index=True)
    gate = traced["publication"]["gate"]
    if gate:
        result = "passed" if gate["passed"] else "refused, published by hand"
        with st.expander(f"Publication gate: {result}"):
            checks = [{"check": name, "result": text} for name, text in gate["checks"].items()]
            st.dataframe(checks, hide_index=True)
    if traced["settings"]:
        with st.expander("Settings that affect results"):
            st.json(traced["settings"], expanded=True)


def _evidence(traced: dict) -> None:
    evidence = traced["evidence"]
    if not evidence.get("is_as_made", True):
        st.warning(
            "The original table versions were vacuumed: rows and events are as of today.",
            icon=":material/info:",
        )
    if evidence.get("heard"):
        st.markdown("**Heard episodes behind the score**")
        st.dataframe(
            cells([_with_title(row) for row in evidence["heard"]]),
            hide_index=True,
            column_order=HEARD,
            column_config={
                "is_named": "named in the reason",
                "similarity": st.column_config.NumberColumn(format="%.3f"),
            },
        )
    if evidence.get("passages"):
        st.markdown("**Similar passages**")
        with st.container(border=True):
            side_by_side(evidence["passages"], "In a heard episode", "In this episode")
    if evidence.get("daily_rows"):
        st.markdown("**Their daily rows**")
        rows = [_with_title(row) for row in evidence["daily_rows"]]
        st.dataframe(cells(rows), hide_index=True, column_order=DAILY)


def _events(traced: dict) -> None:
    st.markdown("**Events in Kafka**")
    if not traced["events"]:
        st.info("No event of this listener led to this item: it is popular or new.")
        return
    events = [_with_title(event) for event in traced["events"]]
    st.dataframe(cells(events), hide_index=True, column_order=EVENT)


def _with_title(row: dict) -> dict:
    title = episodes().get(row["episode_id"], {}).get("title")
    return {"episode": title or row["episode_id"], **row}


show()
