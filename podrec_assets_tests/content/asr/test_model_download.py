"""A model is downloaded completely or not at all, and a failure is one clear line."""

import shutil
import zipfile
from pathlib import Path

import pytest

from podrec_assets.content.asr import model_download
from podrec_assets.content.asr.engine_choice import choose_engine, models_on_disk
from podrec_assets.content.asr.model_download import VOSK_URL, pull
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
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize("member", ["../../outside", "/tmp/outside", "link"])
def test_a_member_of_an_archive_never_leaves_its_folder(tmp_path: Path, member: str) -> None:
    info = zipfile.ZipInfo(member)
    if member == "link":
        info.external_attr = 0o120777 << 16  # a symbolic link
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    folder = pull(NAME, tmp_path / "home" / "models", Site(tmp_path / "model.zip"))
    files = [p for p in (tmp_path / "home").rglob("*") if not p.is_dir()]
    assert len(files) == 1
    assert files[0].is_relative_to(folder)
    assert not files[0].is_symlink()
    assert not (tmp_path / "outside").exists()


def test_an_unknown_name_is_refused_with_the_known_names(tmp_path: Path) -> None:
    with pytest.raises(
        PermanentError, match=r"No model is named 'nonsense'; known: tiny\.en, tiny, "
    ):
        pull("nonsense", tmp_path, Site(tmp_path))


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
