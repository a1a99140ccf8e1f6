"""How good the lists were, what is published, how fresh each table is, and what could not be used."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import streamlit as st

from podrec_assets.dashboard import charts
from podrec_assets.dashboard.shared import connections, errors_in_words
from podrec_assets.errors import PodrecError
from podrec_assets.ledger.ledger import Ledger
from podrec_assets.markdown_escape import escape_markdown
from podrec_assets.schemas import COLLECTIONS, TABLES
from podrec_assets.serving import analytics
from podrec_assets.serving.reader import NOT_PUBLISHED
from podrec_assets.serving.rollback import publish_day
from podrec_assets.settings import Settings

QUALITY_DAYS = 30
PAYLOAD_SHOWN = 4000


def show() -> None:
    """The page."""
    st.title("Quality and operations", anchor=False)
    today = datetime.now(UTC).date()
    quality, published, fresh, dead = st.tabs(
        ["Quality", "Publication", "Freshness", "Dead letters"]
    )
    with quality:
        _section(_quality, today)
    with published:
        _section(_publication, today)
    with fresh:
        _section(_freshness, today)
    with dead:
        _section(_dead_letters, today)


def _section(content: Callable[[date], None], today: date) -> None:
    """A part of the page; what it cannot read is a sentence there, and the others still show."""
    try:
        content(today)
    except PodrecError as err:
        st.warning(escape_markdown(str(err)), icon=":material/info:")


def _ask(sql: str, first: date, last: date) -> pd.DataFrame:
    return analytics.ask(connections(), sql, first, last).to_pandas()


def _quality(today: date) -> None:
    first = today - timedelta(days=QUALITY_DAYS)
    rows = _ask(analytics.QUALITY, first, today)
    rows = rows[rows["metric"] == "ndcg@10"]
    left, right = st.columns(2)
    if rows.empty:
        left.info("No day has both a list of the day before and plays of its own yet.")
    else:
        title = "nDCG@10 of each day's lists"
        left.altair_chart(charts.lines_with_intervals(rows, title, "nDCG@10", "ranker"))
    clicks = _ask(analytics.CLICKS_BY_DAY, first, today).rename(columns={"event_day": "day"})
    if clicks.empty:
        right.info(
            "No list was shown in the dashboard on these days, so there is no click-through yet."
        )
    else:
        right.altair_chart(
            charts.lines_with_intervals(
                clicks, "Click-through by day", "share of impressions", None, "click_through"
            )
        )
    _alphas(first, today)
    st.caption(
        f"The last {QUALITY_DAYS} days; a list is measured on what was played the day after; bands are 95 % intervals."
    )


def _alphas(first: date, today: date) -> None:
    rows = _ask(analytics.ALPHAS, first, today)
    if rows.empty:
        st.info("Alpha has not been calibrated yet: materialize `fusion_weights`.")
        return
    left, right = st.columns(2)
    left.altair_chart(
        charts.lines(rows, "Alpha (share of ALS) by length of history", "alpha", "bucket", "alpha")
    )
    latest = rows[rows["day"] == rows["day"].max()]
    right.markdown(f"**Alpha as of {pd.Timestamp(latest['day'].iloc[0]):%d %b %Y}**")
    right.dataframe(
        latest, hide_index=True, column_order=["bucket", "alpha", "source", "user_count"],
        column_config={"bucket": "episodes heard", "user_count": "listeners", "source": "chosen by"},
    )  # fmt: skip


def _publication(today: date) -> None:
    mongo = connections().mongo
    found = mongo.publication()
    if found is None:
        st.info(NOT_PUBLISHED)
        return
    with st.container(horizontal=True):
        st.metric("Published day", f"{found.day:%d %b %Y}", border=True)
        st.metric("Moves of the pointer", found.v, border=True)
    served = {name: mongo.version(name, version) for name, version in found.versions.items()}
    rows = [
        {"collection": n, "version": found.versions[n], "documents": v.count if v else None,
         "run": v.manifest.get("run_id") if v else None, "previous": found.previous.get(n)}
        for n, v in sorted(served.items())
    ]  # fmt: skip
    st.dataframe(rows, hide_index=True)
    days = sorted(set.intersection(*(set(mongo.days(name)) for name in COLLECTIONS)), reverse=True)
    others = [day for day in days if day != found.day]
    if not others:
        st.caption("No other day has complete versions to roll back to.")
        return
    st.markdown("**Roll back, or forward again**")
    with st.form("rollback", border=True):
        day = st.selectbox(
            "Serve the lists as of", others, help="The nightly run publishes newer days again."
        )
        if st.form_submit_button("Serve this day", icon=":material/history:"):
            moved = publish_day(connections(), day)
            st.toast(f"Served now: {moved.day}", icon=":material/check:")
            st.rerun()
    st.caption(f"The same by command: `podrec publish --day {others[0]}`")


def _freshness(today: date) -> None:
    rows = [_table(name, today) for name in TABLES]
    columns = {
        "table": st.column_config.TextColumn(pinned=True),
        "latest day": st.column_config.DateColumn(),
        "last written": st.column_config.DatetimeColumn(format="distance"),
        "one row is": st.column_config.TextColumn(width="large"),
    }
    st.markdown("**Tables**")
    st.dataframe(rows, hide_index=True, column_config=columns, height="content")
    st.markdown("**Topics**")
    settings = connections().settings
    topics = {settings.episodes_topic: "episodes", settings.events_topic: "user_events"}
    st.dataframe([_lag(topic, table) for topic, table in topics.items()], hide_index=True)


def _table(name: str, today: date) -> dict:
    state, table = connections().lake.state(name), connections().lake.table(name)
    written = table.history(1)[0]["timestamp"] if table else None
    return {
        "table": name,
        "latest day": state.latest_day,
        "days behind": (today - state.latest_day).days if state.latest_day else None,
        "last written": datetime.fromtimestamp(written / 1000, UTC) if written else None,
        "days": len(state.days),
        "rows": table.count() if table else 0,
        "one row is": TABLES[name].grain,
    }


def _lag(topic: str, table: str) -> dict:
    ledger = Ledger.from_json(connections().lake.state(table).ledger)
    ends = connections().kafka.end_offsets(topic)
    return {
        "topic": topic,
        "records": sum(ends.values()),
        "landed": sum(ledger.landed.values()),
        "waiting to land": sum(ledger.behind(ends).values()),
        "table": table,
    }


def _dead_letters(today: date) -> None:
    with errors_in_words():
        rows = _ask(analytics.DEAD_LETTERS, Settings.start_day, today)
    if rows.empty:
        st.success("Every record could be used: there are none.")
        return
    st.dataframe(
        rows,
        hide_index=True,
        height="content",
        column_config={"letters": "records", "latest_day": "latest day"},
    )
    reason = st.selectbox("Show records refused as", rows["reason"].unique().tolist(), key="reason")
    letters = analytics.ask(
        connections(), analytics.DEAD_LETTERS_BY_REASON, Settings.start_day, today, reason=reason
    ).to_pylist()
    shown = [{k: letter[k] for k in ("day", "stage", "source_key", "detail")} for letter in letters]
    st.caption(f"The newest {len(letters)}; choose one to see the record itself.")
    chosen = st.dataframe(
        shown,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"letters-{reason}",
    )
    for row in chosen["selection"]["rows"]:
        _letter(letters[row])


def _letter(letter: dict) -> None:
    """The record as it came: where it is in Kafka, and its bytes."""
    with st.container(border=True):
        if letter["kafka_topic"]:
            place = f"{letter['kafka_topic']} · partition {letter['kafka_partition']} · offset {letter['kafka_offset']}"
            st.text(f"{place} · recorded {letter['recorded_at']:%Y-%m-%d %H:%M:%S} UTC")
        st.text(letter["detail"] or "")
        payload: bytes = letter["payload"] or b""
        if not payload:
            st.caption("The record has no bytes.")
            return
        st.caption(
            f"{len(payload)} bytes"
            + (f", the first {PAYLOAD_SHOWN}" if len(payload) > PAYLOAD_SHOWN else "")
        )
        st.code(
            payload[:PAYLOAD_SHOWN].decode("utf-8", errors="backslashreplace"),
            language=None,
            wrap_lines=True,
        )


show()
