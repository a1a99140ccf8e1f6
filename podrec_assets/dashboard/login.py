"""The dashboard's login: if a token is configured, a session must enter it before any page."""

import streamlit as st

from podrec_assets.dashboard.shared import connections, error_messages
from podrec_assets.serving.access import check_exposure, is_token

ADMITTED, ENTERED = "is_admitted", "entered_token"


def is_admitted() -> bool:
    """Returns whether this session may see pages; without a token, only on loopback.

    The address is checked here too, because the app can be started without `podrec dashboard`.
    """
    token = _token()
    if not token:
        with error_messages():
            check_exposure(st.get_option("server.address") or "", token, "PODREC_DASHBOARD_TOKEN")
        return True
    return bool(st.session_state.get(ADMITTED))


def ask() -> None:
    """Shows the login. The session stores whether the token was right, not the token."""
    st.title("podrec")
    with st.form("login"):
        st.text_input(
            "Token", type="password", key=ENTERED, help="The value of PODREC_DASHBOARD_TOKEN."
        )
        st.form_submit_button("Log in", on_click=_compare)
    if st.session_state.get(ADMITTED) is False:
        st.error("Wrong token.")


def _compare() -> None:
    st.session_state[ADMITTED] = is_token(st.session_state[ENTERED], _token())


def _token() -> str:
    return connections().settings.dashboard_token.get_secret_value()
