"""Why an item is in a list: from the item to its version and run, what was read, the evidence, and
the raw Kafka records.
"""

import streamlit as st

from podrec_assets.dashboard.shared import (
    choose_listener,
    connections,
    episodes,
    errors_in_words,
    side_by_side,
)
from podrec_assets.markdown_escape import escape_markdown
from podrec_assets.schemas import EVENT_KINDS
from podrec_assets.serving.provenance import trace
from podrec_assets.serving.reader import recommendations

MOST_ITEMS = 500
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
    """The page."""
    st.title("Trace", anchor=False)
    st.caption("From a served item down to the Kafka records behind it.")
    left, right = st.columns(2)
    with left:
        user = choose_listener()
    if not user:
        return
    with errors_in_words():
        items = recommendations(connections(), user, MOST_ITEMS)["items"]
    if not items:
        st.info("The list of this listener is empty.")
        return
    titles = {i["episode_id"]: f"{i['rank']}. {i['title']}" for i in items}
    linked = st.query_params.get("episode")
    start = list(titles).index(linked) if linked in titles else 0
    episode = right.selectbox(
        "Item", list(titles), start, format_func=lambda e: titles[e], key="item"
    )
    with errors_in_words(), st.spinner("Following it back …"):
        found = trace(connections(), user, episode)
    _item(found)
    _made(found)
    _evidence(found)
    _events(found)


def _item(found: dict) -> None:
    item, publication = found["item"], found["publication"]
    with st.container(border=True):
        st.subheader(f"{item['rank']}. {escape_markdown(item['title'])}", anchor=False)
        st.text(item["reason"])
        parts = f"score {item['score']:.3f} · ALS {item['als']:.3f} · content {item['cosine']:.3f}"
        st.caption(
            f"{parts} · sources {', '.join(item['sources'])} · published for {publication['day']}"
        )


def _made(found: dict) -> None:
    left, right = st.columns(2)
    left.markdown("**Versions and runs**")
    left.dataframe(
        found["runs"],
        hide_index=True,
        column_order=("collection", "version", "run_id"),
        column_config={"run_id": "run"},
    )
    right.markdown("**What was read**")
    inputs = [
        {
            "table": name,
            "Delta version": source["delta_version"],
            "first day": source["days"][0],
            "last day": source["days"][1],
        }
        for name, source in found["inputs"].items()
    ]
    right.dataframe(inputs, hide_index=True)
    gate = found["publication"]["gate"]
    if gate:
        with st.expander(f"Gate: {'passed' if gate['passed'] else 'refused, and served by hand'}"):
            st.dataframe(
                [{"check": check, "says": says} for check, says in gate["checks"].items()],
                hide_index=True,
            )
    if found["settings"]:
        with st.expander("Settings that changed the result"):
            st.json(found["settings"], expanded=True)


def _evidence(found: dict) -> None:
    evidence = found["evidence"]
    if not evidence.get("is_as_made", True):
        st.warning(
            "The tables of then are no longer kept: rows and events are those of today.",
            icon=":material/info:",
        )
    if evidence.get("heard"):
        st.markdown("**Heard episodes that the score rests on**")
        st.dataframe(
            [_named(row) for row in evidence["heard"]], hide_index=True, column_order=HEARD,
            column_config={"is_named": "named in the reason", "similarity": st.column_config.NumberColumn(format="%.3f")},
        )  # fmt: skip
    if evidence.get("passages"):
        st.markdown("**The two passages that are alike**")
        with st.container(border=True):
            side_by_side(evidence["passages"], "In what was heard", "In this episode")
    if evidence.get("daily_rows"):
        st.markdown("**Their daily rows**")
        st.dataframe(
            [_named(row) for row in evidence["daily_rows"]], hide_index=True, column_order=DAILY
        )


def _events(found: dict) -> None:
    st.markdown("**Events in Kafka**")
    if not found["events"]:
        st.info("No event of this listener is behind it: it is popular or new.")
        return
    st.dataframe([_named(event) for event in found["events"]], hide_index=True, column_order=EVENT)


def _named(row: dict) -> dict:
    return {
        "episode": episodes().get(row["episode_id"], {}).get("title") or row["episode_id"],
        **row,
    }


show()
