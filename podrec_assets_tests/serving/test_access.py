"""An address that other machines can reach needs a token, for REST and the dashboard."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from podrec_assets.cli.main import app
from podrec_assets.errors import SettingsError
from podrec_assets.serving.access import check_exposure, is_token


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org", ""])
def test_a_public_address_without_a_token_is_refused(host: str) -> None:
    with pytest.raises(SettingsError, match="can be reached by others: set PODREC_X_TOKEN"):
        check_exposure(host, "", "PODREC_X_TOKEN")
    check_exposure(host, "token", "PODREC_X_TOKEN")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_loopback_needs_no_token(host: str) -> None:
    check_exposure(host, "", "PODREC_X_TOKEN")


@pytest.mark.parametrize(
    ("command", "variables", "setting"),
    [
        (["api", "--host", "0.0.0.0"], {}, "PODREC_API_TOKEN"),
        (["dashboard", "--host", "0.0.0.0"], {}, "PODREC_DASHBOARD_TOKEN"),
        (["dashboard"], {"PODREC_DASHBOARD_HOST": "::"}, "PODREC_DASHBOARD_TOKEN"),
        (["ui"], {"PODREC_DASHBOARD_HOST": "0.0.0.0"}, "PODREC_DASHBOARD_TOKEN"),
    ],
)
def test_the_commands_check_the_token_before_anything_listens(
    command: list[str],
    variables: dict[str, str],
    setting: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PODREC_HOME", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    refused = CliRunner().invoke(app, command)
    assert isinstance(refused.exception, SettingsError)
    assert setting in str(refused.exception)


@pytest.mark.parametrize(
    ("given", "is_right"),
    [("s3cret", True), ("s3cre", False), ("", False), ("ünicode\ud800", False)],
)
def test_only_the_exact_token_is_accepted(given: str, is_right: bool) -> None:
    assert is_token(given, "s3cret") is is_right
