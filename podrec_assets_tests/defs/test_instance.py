"""Which Dagster instance commands use: the one of DAGSTER_HOME, or else the checkout's."""

import os
from pathlib import Path

import pytest
import yaml

from podrec_assets.defs import instance as instances
from podrec_assets.defs.instance import (
    POOL_LIMITS,
    instance_environment,
    open_instance,
    set_pool_limits,
)
from podrec_assets.errors import SetupError
from podrec_assets.settings import Settings

CONTAINERS = Path(__file__).resolve().parents[2] / "docker" / "dagster.yaml"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DAGSTER_HOME like the containers', with local folders, and SQLite instead of Postgres."""
    folder = tmp_path / "opt" / "dagster"
    folder.mkdir(parents=True)
    places = yaml.safe_load(CONTAINERS.read_text().replace("/var/lib/podrec", str(tmp_path)))
    places["storage"] = {"sqlite": {"base_dir": str(tmp_path / "storage")}}
    (folder / "dagster.yaml").write_text(yaml.safe_dump(places))
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    for name in ("STORAGE", "ARTIFACTS", "LOGS"):
        monkeypatch.setenv(f"DAGSTER_PODREC_{name}", "")
    return folder


@pytest.mark.usefixtures("elsewhere")
def test_dagster_home_is_used_if_the_package_is_not_in_a_checkout(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instances, "TOP", tmp_path / "nothing")
    set_pool_limits(settings)
    with open_instance(settings) as opened:
        assert Path(opened.root_directory) == tmp_path / "dagster" / "artifacts"
        assert {p.name: p.limit for p in opened.event_log_storage.get_pool_limits()} == POOL_LIMITS
        assert type(opened.run_launcher).__name__ == "WatchedRunLauncher"


def test_dagster_home_comes_before_the_checkout_if_it_has_a_dagster_yaml(
    elsewhere: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert instance_environment(settings)["DAGSTER_HOME"] == str(elsewhere)
    monkeypatch.setenv("DAGSTER_HOME", str(elsewhere.parent))
    assert instance_environment(settings)["DAGSTER_HOME"] == str(instances.TOP)


def test_the_error_without_any_instance_says_what_to_do(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instances, "TOP", tmp_path)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with pytest.raises(SetupError, match="or set DAGSTER_HOME"), open_instance(settings):
        pass
    assert "DAGSTER_HOME" not in os.environ
