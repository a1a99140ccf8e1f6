"""The door of the dashboard: where a token is set, every page waits until the session has given it."""

import streamlit as st

from podrec_assets.dashboard.shared import connections, errors_in_words
from podrec_assets.serving.access import check_exposure, is_token

ADMITTED, GIVEN = "is_admitted", "given_token"


def is_admitted() -> bool:
    """Whether pages may be shown to this session; without a token, to everybody on this machine.

    However the app was started: an address that others reach is refused here too when there is no
    token.
    """
    token = _token()
    if not token:
        with errors_in_words():
            check_exposure(st.get_option("server.address") or "", token, "PODREC_DASHBOARD_TOKEN")
        return True
    return bool(st.session_state.get(ADMITTED))


def ask() -> None:
    """The login. The session remembers that the token was right, not the token."""
    st.title("podrec")
    with st.form("login"):
        st.text_input(
            "Token", type="password", key=GIVEN, help="The value of PODREC_DASHBOARD_TOKEN."
        )
        st.form_submit_button("Open", on_click=_compare)
    if st.session_state.get(ADMITTED) is False:
        st.error("That is not the token.")


def _compare() -> None:
    st.session_state[ADMITTED] = is_token(st.session_state[GIVEN], _token())


def _token() -> str:
    return connections().settings.dashboard_token.get_secret_value()
