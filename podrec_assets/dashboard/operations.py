"""The Quality and operations page: list quality, publication, freshness and dead letters."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import streamlit as st

from podrec_assets.dashboard import charts
from podrec_assets.dashboard.shared import cells, connections, error_messages, plain_text
from podrec_assets.errors import PodrecError
from podrec_assets.markdown_escape import escape_markdown
from podrec_assets.schemas import EPISODES, TABLES, USER_EVENTS
from podrec_assets.serving import analytics
from podrec_assets.serving.reader import NOT_PUBLISHED
from podrec_assets.serving.rollback import complete_days, publish_day
from podrec_assets.settings import Settings
from podrec_assets.stores.mongo import Version
from podrec_assets.visible_text import visible_lines

QUALITY_DAYS = 30
PAYLOAD_SHOWN = 4000


def show() -> None:
    """Shows the page."""
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
    """Shows a tab; if it cannot be read, it shows a message, and the other tabs still work."""
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
        left.info("No results yet: quality needs plays on the day after a list.")
    else:
        title = "nDCG@10 of each day's lists"
        left.altair_chart(charts.lines_with_intervals(rows, title, "nDCG@10", "ranker"))
    clicks = _ask(analytics.CLICKS_BY_DAY, first, today).rename(columns={"event_day": "day"})
    if clicks.empty:
        right.info("No click-through yet: no list was shown in the dashboard on these days.")
    else:
        right.altair_chart(
            charts.lines_with_intervals(
                clicks, "Click-through by day", "share of impressions", None, "click_through"
            )
        )
    _alphas(first, today)
    st.caption(
        f"Last {QUALITY_DAYS} days. A list is measured by the plays of the following day. "
        "Bands are 95% intervals."
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
    columns = {
        "bucket": "episodes heard",
        "alpha": "alpha",
        "source": "chosen by",
        "user_count": "listeners",
    }
    right.dataframe(latest, hide_index=True, column_order=list(columns), column_config=columns)


def _publication(_: date) -> None:
    mongo = connections().mongo
    publication = mongo.publication()
    if publication is None:
        st.info(NOT_PUBLISHED)
        return
    with st.container(horizontal=True):
        st.metric("Published day", f"{publication.day:%d %b %Y}", border=True)
        st.metric("Publications so far", publication.v, border=True)
    rows = [
        _version(name, mongo.version(name, version), version, publication.previous.get(name))
        for name, version in sorted(publication.versions.items())
    ]
    st.dataframe(rows, hide_index=True)
    others = [day for day in complete_days(mongo) if day != publication.day]
    if others:
        _rollback(others)
    else:
        st.caption("There is no other complete day to roll back to.")


def _version(name: str, version: Version | None, number: str, previous: str | None) -> dict:
    return {
        "collection": name,
        "version": number,
        "documents": version.count if version else None,
        "run": version.manifest.get("run_id") if version else None,
        "previous": previous,
    }


def _rollback(days: list[date]) -> None:
    st.markdown("**Roll back or forward**")
    with st.form("rollback", border=True):
        day = st.selectbox(
            "Serve the lists of", days, help="The next nightly run publishes the newest day again."
        )
        if st.form_submit_button("Serve this day", icon=":material/history:"):
            publication = publish_day(connections(), day)
            st.toast(f"Now serving {publication.day}", icon=":material/check:")
            st.rerun()
    st.caption(f"Same as `podrec publish --day {days[0]}`")


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
    topics = {settings.episodes_topic: EPISODES.name, settings.events_topic: USER_EVENTS.name}
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
    ledger = connections().lake.ledger(table)
    ends = connections().kafka.end_offsets(topic)
    return {
        "topic": topic,
        "records": sum(ends.values()),
        "landed": sum(ledger.landed.values()),
        "waiting to land": sum(ledger.behind(ends).values()),
        "table": table,
    }


def _dead_letters(today: date) -> None:
    with error_messages():
        rows = _ask(analytics.DEAD_LETTERS, Settings.start_day, today)
    if rows.empty:
        st.success("No dead letters: every record was processed.")
        return
    st.dataframe(
        cells(rows),
        hide_index=True,
        height="content",
        column_config={"letters": "records", "latest_day": "latest day"},
    )
    reason = st.selectbox("Reason", rows["reason"].unique().tolist(), key="reason")
    letters = analytics.ask(
        connections(), analytics.DEAD_LETTERS_BY_REASON, Settings.start_day, today, reason=reason
    ).to_pylist()
    shown = [{k: letter[k] for k in ("day", "stage", "source_key", "detail")} for letter in letters]
    st.caption(f"The newest {len(letters)}. Select one to see the record.")
    table = st.dataframe(
        cells(shown),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"letters-{reason}",
    )
    for index in table["selection"]["rows"]:
        _letter(letters[index])


def _letter(letter: dict) -> None:
    """Shows the original record: its position in Kafka, and its bytes."""
    with st.container(border=True):
        if letter["kafka_topic"]:
            at = letter["recorded_at"]
            st.text(
                f"{letter['kafka_topic']} · partition {letter['kafka_partition']} · "
                f"offset {letter['kafka_offset']} · "
                + (f"recorded {at:%Y-%m-%d %H:%M:%S} UTC" if at else "without a usable timestamp")
            )
        plain_text(letter["detail"])
        payload: bytes = letter["payload"] or b""
        if not payload:
            st.caption("The record is empty.")
            return
        is_cut = len(payload) > PAYLOAD_SHOWN
        st.caption(f"{len(payload)} bytes" + (f", first {PAYLOAD_SHOWN} shown" if is_cut else ""))
        st.code(
            visible_lines(payload[:PAYLOAD_SHOWN].decode("utf-8", errors="backslashreplace")),
            language=None,
            wrap_lines=True,
        )


show()
