"""One episode: player, transcript with times, and similar episodes with the two passages side by side."""

import streamlit as st

from podrec_assets.dashboard.shared import connections, episodes, errors_in_words, facts
from podrec_assets.errors import UnknownIdError
from podrec_assets.recommend.explain import clock
from podrec_assets.serving.catalogue import transcript
from podrec_assets.serving.reader import neighbours


def show() -> None:
    """The page."""
    with errors_in_words():
        known = episodes()
    if not known:
        st.info("No episodes are known yet: run `make demo`, or `podrec ingest` with the address of a feed.")
        return
    ids = sorted(known, key=lambda e: (known[e]["show_title"] or "", known[e]["title"] or ""))
    wanted = st.query_params.get("id")
    chosen = st.selectbox(
        "Episode", ids, index=ids.index(wanted) if wanted in known else 0,
        format_func=lambda e: f"{known[e]['show_title']}: {known[e]['title']}",
    )  # fmt: skip
    episode = known[chosen]
    st.title(episode["title"], anchor=False)
    st.text(facts(episode))
    if episode["audio_url"]:
        st.audio(episode["audio_url"], format=episode["audio_type"] or "audio/mpeg")
    st.text(episode["description"] or "")
    said, similar = st.tabs(["Transcript", "Similar episodes"])
    with said:
        _transcript(chosen)
    with similar:
        _similar(chosen, known)


def _transcript(episode: str) -> None:
    with errors_in_words():
        found = transcript(connections(), episode)
    if found is None or found["status"] != "ok":
        st.info(f"No transcript: {found['reason'] if found else 'it was never looked for'}.")
        return
    words = st.text_input("Search in this transcript", key=f"find-{episode}")
    st.caption(f"{found['word_count']} words, {found['language']}, from {found['source']} by {found['engine']}")
    segments = [s for s in found["segments"] if words.lower() in s["text"].lower()]
    if not segments:
        st.info(f"“{words}” is not said in it.")
    rows = [{"at": _at(s["start_s"]), "speaker": s["speaker"] or "", "text": s["text"]} for s in segments]
    st.dataframe(rows, hide_index=True, column_config={"text": st.column_config.TextColumn(width="large")})


def _at(seconds: float | None) -> str:
    return "" if seconds is None else clock(seconds)


def _similar(episode: str, known: dict[str, dict]) -> None:
    try:
        with errors_in_words():
            items = neighbours(connections(), episode, 8)["items"]
    except UnknownIdError as err:
        st.info(str(err))
        return
    for item in items:
        with st.container(border=True):
            st.subheader(f"{item['rank']}. {item['title']}", anchor=False)
            st.text(f"{facts(known.get(item['episode_id'], {}))} · cosine {item['cosine']:.2f}")
            here, there = st.columns(2)
            here.caption(f"Here at {_at(item['here_s'])}")
            here.text(item["here_text"])
            there.caption(f"There at {_at(item['there_s'])}")
            there.text(item["there_text"])


show()
