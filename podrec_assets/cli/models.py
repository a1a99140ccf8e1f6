"""`podrec models`: the speech recognition models on disk."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out, say
from podrec_assets.content.asr import model_download
from podrec_assets.content.asr.engine_choice import (
    choose_engine,
    model_folder,
    models_on_disk,
    why_no_engine,
)
from podrec_assets.content.asr.model_catalogue import DEFAULT_MODEL, PACKAGED
from podrec_assets.content.asr.model_download import pull
from podrec_assets.errors import PodrecError, SetupError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.settings import Settings
from podrec_assets.stores.http.client import Fetcher

MODEL_BYTES, MODEL_TIMEOUT_S = 8_000_000_000, 6 * 3600.0

models = typer.Typer(
    name="models",
    help="List and download speech recognition models.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@models.command("list")
def list_models(as_json: Json = False) -> None:
    """List the speech models on disk or in packages, and the engine that the settings choose.

    Example: podrec models list
    """
    emit(_document(connect().settings), as_json, _print_models)


@models.command("pull")
def pull_model(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="tiny.en, base, small, large-v3, ..., vosk-ko or vosk-model-small-en-us-0.15.",
        ),
    ],
) -> None:
    """Download a speech model: from a pinned package, else the Hugging Face hub or Vosk's site.

    A broken download is resumed by the same command.

    Example: podrec models pull base
    """
    connections = connect()
    say(f"downloading {name}")
    folder = pull(name, model_folder(connections.settings), downloader(connections), say)
    out.print(f"{name} is in {folder}")


def ensure_default_model(connections: Connections) -> None:
    """Downloads the default model where one is missing; without it only ASR has to wait."""
    try:
        model_download.ensure_default_model(connections.settings, downloader(connections), say)
    except PodrecError as err:
        say(str(err))
        say(
            "There is no speech model: episodes without a publisher transcript wait for "
            f"`podrec models pull {DEFAULT_MODEL}`."
        )


def downloader(connections: Connections) -> Callable[[str, Path], None]:
    """Returns what downloads a file of a model."""
    fetcher = Fetcher(connections.settings.allowed_origins, 60, MODEL_BYTES, MODEL_TIMEOUT_S)

    def download(url: str, to: Path) -> None:
        fetcher.download(url, to, MODEL_BYTES)

    return download


def _document(settings: Settings) -> dict:
    on_disk = models_on_disk(settings)
    try:
        engine, problem = choose_engine(settings), None
    except SetupError as err:
        engine, problem = None, str(err)
    return {
        "folder": str(model_folder(settings)),
        "models": [asdict(model) | {"folder": str(model.folder)} for model in on_disk],
        "packaged": [
            {
                "engine": model.engine,
                "name": model.name,
                "byte_count": model.megabytes * 1_000_000,
                "source": f"package {model.source}",
                "licence": model.licence,
                "languages": list(model.languages),
            }
            for model in PACKAGED.values()
            if model.folder not in {m.name for m in on_disk}
        ],
        "chosen": engine.version if engine else None,
        "problem": problem or why_no_engine(settings, engine),
    }


def _print_models(document: dict) -> None:
    for model in document["models"]:
        out.print(f"{_columns(model)}  {model['folder']}")
    if not document["models"]:
        out.print(f"no models in {document['folder']}")
    for model in document["packaged"]:
        out.print(f"{_columns(model)}  `podrec models pull {model['name']}`")
    if document["chosen"]:
        out.print(f"transcripts are made with {document['chosen']}")
    else:
        out.print(f"no audio is transcribed: {document['problem']}")


def _columns(model: dict) -> str:
    size = f"{model['byte_count'] / 1e6:>6.0f} MB"
    licence, source = model["licence"] or "-", model["source"] or "-"
    return f"{model['engine']:<15} {model['name']:<28} {size}  {licence:<10}  {source}"
