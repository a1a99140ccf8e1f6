"""The registry of engines and the settings agree."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from podrec_assets.content.asr.engine_choice import BACKENDS, choose_engine, models_on_disk
from podrec_assets.errors import SetupError
from podrec_assets.settings import Settings
from podrec_assets_tests.content.asr.tiny_models import build_vosk


def test_every_engine_that_a_setting_may_name_is_registered() -> None:
    choices = get_args(Settings.model_fields["asr_engine"].annotation)
    assert set(choices) == {"auto", "none", *BACKENDS}


def test_choosing_an_engine_imports_no_engine_library() -> None:
    code = (
        "import sys; import podrec_assets.content.asr.engine_choice;"
        "print({'vosk', 'faster_whisper', 'torch'} & {*sys.modules})"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "set()\n"


@pytest.mark.parametrize(
    "name", ["a" * 300, "~nobody-here/x", "a\0b", "../models", ".", "/dev/null"]
)
def test_a_name_that_no_folder_can_have_is_refused_like_any_other(
    tmp_path: Path, name: str
) -> None:
    settings = Settings(cache=tmp_path, asr_engine="vosk", asr_vosk_model=name)
    (tmp_path / "models").mkdir()
    with pytest.raises(SetupError, match="is not a vosk model on disk"):
        choose_engine(settings)


def test_links_in_the_folder_of_models_are_followed_once(tmp_path: Path) -> None:
    model = build_vosk(tmp_path / "elsewhere" / "vosk-model-small-de-0.15")
    models = tmp_path / "models"
    models.mkdir()
    (models / "vosk-model-small-de-0.15").symlink_to(model)
    (model / "itself").symlink_to(model)
    (models / "all").symlink_to(models)
    (models / "nowhere").symlink_to(tmp_path / "nowhere")
    assert [m.name for m in models_on_disk(Settings(cache=tmp_path))] == [model.name]
