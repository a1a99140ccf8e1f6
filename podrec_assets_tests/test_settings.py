"""Settings: the environment wins, bad values are refused by name, and secrets stay secret."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from podrec_assets.errors import SettingsError
from podrec_assets.settings import Settings
from podrec_assets.settings.fields import MARKS, mark

SECRET = "mongodb://user:hunter2@db:27017"


def test_a_variable_of_the_environment_wins_over_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PODREC_ALS_RANK", "31")
    monkeypatch.setenv("PODREC_ENGINE", "local")
    monkeypatch.setenv("PODREC_KAFKA_BOOTSTRAP", "one:9092, two:9093")
    settings = Settings.load()
    assert (settings.als_rank, settings.engine, settings.kafka_bootstrap) == (
        31,
        "local",
        "one:9092, two:9093",
    )


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODREC_ALS_RANK", "31")
    assert Settings.load(als_rank=5).als_rank == 5


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALS_RANK", "HOME", "MONGO_URI", "ENGINE", "FUSION_ALPHA"):
        monkeypatch.setenv(f"PODREC_{name}", "")
    settings = Settings.load()
    assert (settings.als_rank, settings.engine, settings.fusion_alpha) == (32, "spark", 0.7)
    assert settings.home == Path.cwd() / ".podrec"
    assert settings.mongo_uri.get_secret_value() == ""


def test_an_unknown_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODREC_ALS_RANKS", "31")
    with pytest.raises(
        SettingsError,
        match=r"^PODREC_ALS_RANKS is not a setting of podrec; `podrec settings` lists them\.$",
    ):
        Settings.load()


def test_variables_with_another_prefix_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODRECALL_RANK", "31")
    monkeypatch.setenv("ALS_RANK", "31")
    assert Settings.load().als_rank == 32


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALS_RANK", "many"),
        ("ALS_RANK", "0"),
        ("ALS_ALPHA", "0"),
        ("ALS_ITERATIONS", "201"),
        ("HALF_LIFE_DAYS", "0"),
        ("HALF_LIFE_DAYS", "nan"),
        ("WEIGHT_LIKE", "inf"),
        ("WEIGHT_SKIP", "-0.1"),
        ("FUSION_ALPHA", "1.01"),
        ("FUSION_ALPHA", "-0.01"),
        ("EXPERIMENT_SHARE", "1.01"),
        ("EXPERIMENT_ALPHA", "-0.01"),
        ("LIST_LENGTH", "2.5"),
        ("PER_SHOW_CAP", "0"),
        ("KEEP_DAYS", "4"),
        ("KAFKA_PORT", "65536"),
        ("KAFKA_PARTITIONS", "0"),
        ("KAFKA_BOOTSTRAP", "broker"),
        ("KAFKA_BOOTSTRAP", "one:9092,two"),
        ("KAFKA_BOOTSTRAP", "broker:99999"),
        ("KAFKA_BOOTSTRAP", ":9092"),
        ("FETCH_ALLOW", "localhost:http"),
        ("FETCH_TIMEOUT_S", "0"),
        ("CHUNK_TOKENS", "255"),
        ("ENGINE", "ray"),
        ("SEED", "-1"),
    ],
)
def test_a_bad_value_is_refused_in_one_sentence_that_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"PODREC_{name}", value)
    with pytest.raises(SettingsError) as refused:
        Settings.load()
    message = str(refused.value)
    assert message.startswith(f"PODREC_{name}={value!r} cannot be used: ")
    assert message.endswith(".")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "value"),
    [("KAFKA_PORT", 65535), ("FUSION_ALPHA", 0), ("FUSION_ALPHA", 1), ("ALS_RANK", 512)],
)
def test_ranges_include_their_ends(monkeypatch: pytest.MonkeyPatch, name: str, value: int) -> None:
    monkeypatch.setenv(f"PODREC_{name}", str(value))
    assert getattr(Settings.load(), name.lower()) == value


def test_a_secret_is_hidden_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODREC_MONGO_URI", SECRET)
    settings = Settings.load()
    assert settings.mongo_uri.get_secret_value() == SECRET
    assert all(
        "hunter2" not in shown
        for shown in (repr(settings), str(settings), settings.model_dump_json())
    )


def test_a_refused_secret_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODREC_MONGO_URI", "user:hunter2@db:27017")
    with pytest.raises(
        SettingsError, match=r"^PODREC_MONGO_URI cannot be used: .*must start with mongodb://"
    ) as refused:
        Settings.load()
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    "address",
    [
        "https://host:x/hunter2",
        "https://host:99999/hunter2",
        "https://[::1/hunter2",
        "ftp://host/hunter2",
        "https:///hunter2",
    ],
)
def test_an_unusable_webhook_is_refused_without_quoting_its_secret(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("PODREC_ALERT_WEBHOOK", address)
    with pytest.raises(
        SettingsError,
        match=r"^PODREC_ALERT_WEBHOOK cannot be used: .*must be an http or https address",
    ) as refused:
        Settings.load()
    assert "hunter2" not in str(refused.value)
    monkeypatch.setenv("PODREC_ALERT_WEBHOOK", "https://host:8443/hunter2")
    assert Settings.load().alert_webhook.get_secret_value() == "https://host:8443/hunter2"


def test_folders_are_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ann")
    settings = Settings(home=Path("state"), cache=Path("~/downloads"), lake="tables/")
    assert (settings.home, settings.cache) == (tmp_path / "state", Path("/home/ann/downloads"))
    assert settings.lake_root == str(tmp_path / "tables")


@pytest.mark.parametrize(
    ("lake", "root"),
    [("", "/h/lake"), ("/data/lake/", "/data/lake"), ("s3://bucket/lake//", "s3://bucket/lake")],
)
def test_the_lake_is_under_home_by_default(lake: str, root: str) -> None:
    assert Settings(home=Path("/h"), lake=lake).lake_root == root


def test_allowed_origins_are_compared_in_lower_case_and_without_spaces() -> None:
    assert Settings(fetch_allow=" LocalHost:8080 ,10.0.0.1:80,").allowed_origins == {
        "localhost:8080",
        "10.0.0.1:80",
    }
    assert Settings().allowed_origins == frozenset()


def test_settings_are_immutable() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().als_rank = 3  # type: ignore[misc]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_field_has_a_sentence_of_meaning_and_a_mark(name: str) -> None:
    field = Settings.model_fields[name]
    description = field.description or ""
    assert len(description) > 10
    assert description.endswith(".")
    assert mark(field) in MARKS


def test_every_field_belongs_to_one_subject() -> None:
    names = [name for subject in Settings.subjects() for name in subject.model_fields]
    assert sorted(names) == sorted(Settings.model_fields)


def test_the_manifest_has_the_settings_marked_results_and_no_others() -> None:
    """`engine`, `asr_device` and `future_skew_s` were once missing from a hand-written list."""
    results = Settings(als_rank=31).results()
    assert results["als_rank"] == 31
    assert results.keys() >= {"engine", "asr_device", "future_skew_s", "weight_like", "seed"}
    assert not results.keys() & {"home", "asr_workers", "mongo_uri", "fetch_timeout_s"}
