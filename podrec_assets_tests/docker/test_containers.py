"""The container files, checked statically: no Docker daemon is needed."""

import json
import re
import subprocess
import tomllib
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml
from dockerfile_parse import DockerfileParser

from podrec_assets.settings import SECRETS_DIR, Settings

TOP = Path(__file__).resolve().parents[2]
DOCKER = TOP / "docker"
OWN = {"podrec/dagster", "podrec/code", "podrec/dashboard", "podrec/spark"}


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((DOCKER / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def instructions() -> list[dict]:
    return DockerfileParser(str(DOCKER / "Dockerfile")).structure


def test_compose_is_valid_against_the_compose_specification(compose: dict) -> None:
    schema = (
        resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    )
    jsonschema.validate(compose, json.loads(schema.read_text()))


def test_every_variable_for_podrec_is_a_setting(compose: dict, instructions: list[dict]) -> None:
    known = {SECRETS_DIR, *(f"PODREC_{name.upper()}" for name in Settings.model_fields)}
    in_compose = {
        v
        for s in compose["services"].values()
        for v in s.get("environment", {})
        if v.startswith("PODREC_")
    }
    in_image = {
        v
        for i in instructions
        if i["instruction"] == "ENV"
        for v in re.findall(r"(PODREC_\w+)=", i["value"])
    }
    assert {"PODREC_SPARK_MASTER", "PODREC_LAKE", "PODREC_KAFKA_BOOTSTRAP"} <= in_compose
    assert SECRETS_DIR in in_image
    assert in_compose | in_image <= known


def test_every_service_has_a_profile_and_a_health_check(compose: dict) -> None:
    for name, service in compose["services"].items():
        assert set(service["profiles"]) <= {"core", "cluster"}, name
        assert service["healthcheck"]["test"], name
        assert service["restart"] == "unless-stopped", name


def test_both_profiles_contain_the_whole_system(compose: dict) -> None:
    def roles(profile: str) -> set[str]:
        return {
            n.removesuffix("-cluster")
            for n, s in compose["services"].items()
            if profile in s["profiles"]
        }

    core = {"kafka", "mongo", "postgres", "webserver", "daemon", "code", "dashboard"}
    assert roles("core") == core
    assert roles("cluster") == core | {"spark-master", "spark-worker", "objects"}


def test_a_service_waits_only_for_services_of_its_own_profiles(compose: dict) -> None:
    services = compose["services"]
    for name, service in services.items():
        for other in service.get("depends_on", {}):
            assert set(service["profiles"]) <= set(services[other]["profiles"]), (name, other)


def test_secrets_are_declared_files_and_no_variable_contains_a_password(
    compose: dict,
) -> None:
    declared = compose["secrets"]
    assert all(s["file"].startswith("secrets/") for s in declared.values())
    used = {s for service in compose["services"].values() for s in service.get("secrets", [])}
    assert used == set(declared)
    assert "docker/secrets/" in (TOP / ".gitignore").read_text().splitlines()
    for service in compose["services"].values():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|CREDENTIALS|MONGO_URI", variable):
                assert str(value).startswith("/run/secrets/"), variable


def test_only_loopback_ports_are_published(compose: dict) -> None:
    ports = [p for s in compose["services"].values() for p in s.get("ports", [])]
    assert len(ports) >= 2
    assert all(p.startswith("127.0.0.1:") for p in ports)


def test_each_image_is_a_build_target_and_runs_as_an_unprivileged_user(
    compose: dict, instructions: list[dict]
) -> None:
    built = {s["image"]: s["build"]["target"] for s in compose["services"].values() if "build" in s}
    assert set(built) == OWN
    users: dict[str, str] = {}
    stage = ""
    for step in instructions:
        if step["instruction"] == "FROM":
            origin, _, stage = step["value"].partition(" AS ")
            users[stage] = users.get(origin, "root")
        elif step["instruction"] == "USER":
            users[stage] = step["value"]
    assert {users[target] for target in built.values()} == {"podrec"}


def test_everything_that_is_copied_is_in_the_build_context(instructions: list[dict]) -> None:
    allowed = [
        line[1:]
        for line in (TOP / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    copied = [
        word for i in instructions if i["instruction"] == "COPY" for word in i["value"].split()[:-1]
    ]
    assert "requirements.txt" in copied
    for source in copied:
        assert (TOP / source).exists(), source
        assert source.split("/")[0].removeprefix("./") in {a.split("/")[0] for a in allowed}, source


def test_the_license_files_are_copied_next_to_the_project(instructions: list[dict]) -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    [copied] = [
        i["value"].split()[:-1]
        for i in instructions
        if i["instruction"] == "COPY" and "pyproject.toml" in i["value"]
    ]
    assert set(project["license-files"]) <= set(copied)


def test_the_images_without_torch_have_the_same_versions_as_the_others() -> None:
    def versions(file: Path) -> set[str]:
        return set(re.findall(r"^([a-z0-9][\w.-]*(?:\[[\w,]+\])?==\S+)", file.read_text(), re.M))

    small = versions(DOCKER / "requirements-dagster.txt")
    assert small <= versions(TOP / "requirements.txt")
    assert {n.split("==")[0] for n in small} >= {"dagster", "dagster-webserver", "dagster-postgres"}
    assert not {n for n in small if n.startswith(("torch==", "pyspark=="))}


def test_the_containers_dagster_instance_differs_only_in_its_storage() -> None:
    local, contained = (
        yaml.safe_load(f.read_text()) for f in (TOP / "dagster.yaml", DOCKER / "dagster.yaml")
    )
    places = {"storage", "compute_logs", "local_artifact_storage"}
    assert {k: v for k, v in local.items() if k not in places} == {
        k: v for k, v in contained.items() if k not in places
    }


def test_the_image_without_podrec_has_the_modules_that_its_instance_names(
    instructions: list[dict],
) -> None:
    named = re.findall(r"module: (podrec_assets[\w.]*)", (DOCKER / "dagster.yaml").read_text())
    stages = "".join(i["content"] for i in instructions).split("FROM ")
    [dagster] = [stage for stage in stages if "AS dagster" in stage]
    assert named
    assert all(f"{module.replace('.', '/')}.py" in dagster for module in named)


def test_the_entrypoint_passes_a_secret_file_as_dagsters_variable(tmp_path: Path) -> None:
    (tmp_path / "dagster_postgres_password").write_text("s3cret")
    command = [str(DOCKER / "entrypoint.sh"), "sh", "-c", 'printf %s "$DAGSTER_POSTGRES_PASSWORD"']
    result = subprocess.run(
        command,
        env={"PODREC_SECRETS_DIR": str(tmp_path), "PATH": "/bin:/usr/bin"},
        capture_output=True,
        check=True,
    )
    assert result.stdout == b"s3cret"


def test_a_secret_file_applies_unless_a_variable_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "podrec_mongo_uri").write_text("mongodb://user:pass@mongo:27017\n")
    (tmp_path / "podrec_als_rank").write_text("7")
    monkeypatch.setenv(SECRETS_DIR, str(tmp_path))
    monkeypatch.setenv("PODREC_ALS_RANK", "9")
    settings = Settings.load()
    assert settings.mongo_uri.get_secret_value() == "mongodb://user:pass@mongo:27017"
    assert settings.als_rank == 9
