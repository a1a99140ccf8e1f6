"""How good the lists were, what is published, how fresh each table is, and what could not be used."""

from datetime import UTC, date, datetime, timedelta

import altair as alt
import streamlit as st

from podrec_assets.dashboard.shared import connections, errors_in_words
from podrec_assets.schemas import TABLES
from podrec_assets.serving import analytics
from podrec_assets.settings import Settings

QUALITY_DAYS = 30


def show() -> None:
    """The page."""
    st.title("Quality and operations")
    today = datetime.now(UTC).date()
    with errors_in_words():
        _publication()
        _quality(today)
        _freshness(today)
        _dead_letters(today)


def _publication() -> None:
    found = connections().mongo.publication()
    if found is None:
        st.info("Nothing is published yet: run `make demo`, or `podrec run` for a day with events.")
        return
    left, middle, right = st.columns(3)
    left.metric("Published day", str(found.day))
    middle.metric("Moves of the pointer", found.v)
    right.metric("Documents", sum(v.count for n, s in found.versions.items() if (v := connections().mongo.version(n, s))))
    st.caption(f"Roll back with `podrec publish --day {found.day - timedelta(days=1)}`. Versions: {found.versions}")


def _quality(today: date) -> None:
    st.subheader("nDCG of the published lists on what was then played", anchor=False)
    rows = analytics.ask(connections(), analytics.QUALITY, today - timedelta(days=QUALITY_DAYS), today).to_pandas()
    rows = rows[rows["metric"] == "ndcg@10"]
    if rows.empty:
        st.info("No day has both a list of the day before and plays of its own yet.")
        return
    base = alt.Chart(rows).encode(x=alt.X("day:T", title=""), color=alt.Color("ranker:N", title=""))
    chart = base.mark_line(point=True).encode(
        y=alt.Y("value:Q", title="nDCG@10"), tooltip=["day", "ranker", "value", "user_count"]
    )
    st.altair_chart(chart + base.mark_errorbar().encode(y=alt.Y("low:Q", title="nDCG@10"), y2="high:Q"))


def _freshness(today: date) -> None:
    st.subheader("Freshness", anchor=False)
    rows = []
    for name, spec in TABLES.items():
        state = connections().lake.state(name)
        behind = (today - state.latest_day).days if state.latest_day else None
        rows.append(
            {
                "table": name,
                "one row is": spec.grain,
                "days": len(state.days),
                "latest day": state.latest_day,
                "days behind": behind,
            }
        )
    st.dataframe(rows, hide_index=True)


def _dead_letters(today: date) -> None:
    st.subheader("Dead letters", anchor=False)
    rows = analytics.ask(connections(), analytics.DEAD_LETTERS, Settings.start_day, today).to_pandas()
    if rows.empty:
        st.success("There are none.")
        return
    st.dataframe(rows, hide_index=True)
    reason = st.selectbox("Show records refused as", sorted(set(rows["reason"])))
    letters = analytics.ask(connections(), analytics.LETTERS_OF, Settings.start_day, today, reason=reason).to_pylist()
    st.dataframe([{**r, "payload": (r["payload"] or b"").decode(errors="replace")[:500]} for r in letters], hide_index=True)


show()
