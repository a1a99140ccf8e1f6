"""No part of a user name, password, query or secret path is shown of any address."""

from pathlib import Path

import pytest

from podrec_assets.errors import SettingsError
from podrec_assets.redaction import redacted, redacted_text, without_credentials
from podrec_assets.services import supervisor
from podrec_assets.settings import Settings
from podrec_assets.stores.mongo import MongoStore

SECRETS = ("Sec", "ret", "amy", "TOKEN", "B012")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("mongodb://amy:Secret@db:27017", "mongodb://db:27017"),
        ("mongodb://amy:Sec@ret@db:27017/app", "mongodb://db:27017"),
        ("mongodb://amy:Sec:ret@db:27017/app", "mongodb://db:27017"),
        ("mongodb://amy:Sec/ret@db:27017/app", "mongodb://db:27017"),
        ("mongodb://amy:Sec#ret@db:27017/app", "mongodb://db:27017"),
        ("mongodb://amy:Sec%40ret@db:27017/app", "mongodb://db:27017"),
        ("mongodb://amy:Sec%ret@db/app", "mongodb://db"),
        ("mongodb://amy:Sec?ret@db:27017/app", "mongodb://***"),
        ("mongodb://amy:Sec://ret@db:27017", "mongodb://db:27017"),
        ("mongodb://amy:Secret", "mongodb://***"),
        (
            "mongodb://amy:Secret@h1:1,h2:2,[::1]:3/app?replicaSet=TOKEN&"
            "authMechanismProperties=AWS_SESSION_TOKEN:B012",
            "mongodb://h1:1,h2:2,[::1]:3",
        ),
        ("mongodb://db/?authMechanismProperties=TOKEN:a@B012", "mongodb://***"),
        ("mongodb+srv://amy:Secret@cluster.example/app?x=TOKEN", "mongodb+srv://cluster.example"),
        ("https://hooks.example/services/T/B012/TOKEN?key=Sec#ret", "https://hooks.example"),
        ("https://amy:Sec/ret@hooks.example/x", "https://hooks.example"),
        ("s3://bucket/lake", "s3://bucket/lake"),
        ("s3://amy:Sec/ret@bucket/lake?TOKEN", "s3://bucket/lake"),
        ("abfss://container@account.example/lake", "abfss://account.example/lake"),
        ("file:///srv/lake", "file:///srv/lake"),
        ("broker:9092,other:9092", "broker:9092,other:9092"),
        ("amy:Secret@broker:9092", "broker:9092"),
    ],
)
def test_an_address_is_shown_without_its_secrets(address: str, shown: str) -> None:
    assert redacted(address) == shown
    assert not any(secret in redacted(address) for secret in SECRETS)
    if "://" in address:
        quoted = redacted_text(f"cannot open '{address}': refused")
        assert quoted == f"cannot open '{shown}': refused"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no mongodb://amy:Sec ret@db:1 here", "no mongodb://db:1 here"),
        ("no mongodb://amy:Sec'ret\"TOKEN@db:1 here", "no mongodb://db:1 here"),
        ("1https://amy:Secret@b.example/", "1https://b.example"),
        ("_https://amy:Secret@b.example/", "_https://b.example"),
        ("db mongodb://h1:1,h2:2 of ann@b.example", "db mongodb://h1:1,h2:2 of ann@b.example"),
        ("see https://b.example/a: ask ann@b.example", "see https://b.example ask ann@b.example"),
    ],
)
def test_a_text_shows_no_secret_of_an_address_with_any_password(text: str, shown: str) -> None:
    assert redacted_text(text) == shown


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://amy:Sec@ret@db:27017",
        "mongodb://amy:Sec:ret@db:27017",
        "mongodb://amy:Sec/ret@db:27017",
        "mongodb://amy:Sec%ret@db:27017",
        "mongodb://amy:Sec?ret@db:27017",
        "mongodb://amy:Secret",
        "mongodb://amy:Secret@db:port",
        "mongodb://amy:Secret@db/?authMechanism=Sec",
    ],
)
def test_an_unusable_mongo_address_names_the_setting_and_no_secret(uri: str) -> None:
    with pytest.raises(SettingsError, match=r"PODREC_MONGO_URI \(mongodb://") as refused:
        MongoStore(uri, "podrec").ping()
    assert not any(secret in str(refused.value) for secret in SECRETS)
    # A traceback, which Dagster shows, would quote the driver.
    assert refused.value.__cause__ is refused.value.__context__ is None


def test_status_shows_no_part_of_a_mongo_address_but_its_hosts(tmp_path: Path) -> None:
    uri = "mongodb://amy:Sec/r@et@h1:1,h2:2/app?replicaSet=TOKEN"
    settings = Settings(home=tmp_path, mongo_uri=uri)  # type: ignore[arg-type]
    assert supervisor.status(settings)["mongo"]["address"] == "mongodb://h1:1,h2:2"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PODREC_LAKE", "s3://amy:Secret@bucket/lake"),
        ("PODREC_LAKE", "s3://bucket/lake?key=TOKEN"),
        ("PODREC_KAFKA_BOOTSTRAP", "amy:Secret@broker:9092"),
        ("PODREC_KAFKA_BOOTSTRAP", "amy:Sec,ret@broker:9092"),
        ("PODREC_MONGO_URI", "postgres://amy:Secret@db"),
        ("PODREC_MONGO_PORT", "mongodb://amy:Secret@db"),
        ("PODREC_ALERT_WEBHOOK", "ftp://hooks.example/B012/TOKEN"),
        ("PODREC_ALERT_SMTP", "amy:Secret@mail:25"),
    ],
)
def test_a_refused_setting_is_named_without_its_secret(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name} cannot be used") as refused:
        Settings.load()
    assert not any(secret in str(refused.value) for secret in SECRETS)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://ann:Secret@b.example/a?x=1#y", "https://b.example/a?x=1#y"),
        ("https://TOKEN@b.example/", "https://b.example/"),
        ("https://ann:Sec@ret@b.example/", "https://b.example/"),
        ("https://@b.example/", "https://b.example/"),
        ("https://ann:Sec/ret@b.example/", "https://b.example/"),
        ("https://ann:Sec?re#t@b.example/a", "https://b.example/a"),
        ("https://b.example:80/@ann/a", "https://b.example:80/@ann/a"),
        (
            '{"a": "http://ann:Secret@b/", "b": "c@d.example"}',
            '{"a": "http://b/", "b": "c@d.example"}',
        ),
        ("https://b.example/@ann/a?to=c@d.example", "https://b.example/@ann/a?to=c@d.example"),
        ("ann@b.example, see https://b.example.", "ann@b.example, see https://b.example."),
        ("", ""),
    ],
)
def test_an_address_is_kept_without_its_credentials(text: str, kept: str) -> None:
    assert without_credentials(text) == kept
