"""The registry of engines and the settings agree."""

import subprocess
import sys
from typing import get_args

from podrec_assets.content.asr.engine_choice import BACKENDS
from podrec_assets.settings import Settings


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
