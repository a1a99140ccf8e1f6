"""`podrec models`: the speech recognition models on disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out, say
from podrec_assets.content.asr.engine_choice import choose_engine, model_folder, models_on_disk
from podrec_assets.content.asr.model_download import pull
from podrec_assets.pipelines.connections import Connections
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
    """List the speech models on disk, and the engine that the settings choose.

    Example: podrec models list
    """
    settings = connect().settings
    engine = choose_engine(settings)
    document = {
        "folder": str(model_folder(settings)),
        "models": [
            {
                "engine": model.engine,
                "name": model.name,
                "folder": str(model.folder),
                "byte_count": model.byte_count,
            }
            for model in models_on_disk(settings)
        ],
        "chosen": engine.version if engine else None,
    }
    emit(document, as_json, _print_models)


@models.command("pull")
def pull_model(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="tiny, small, large-v3, ... or vosk-model-small-en-us-0.15."
        ),
    ],
) -> None:
    """Download a speech model: faster-whisper from the Hugging Face Hub, Vosk from its site.

    Example: podrec models pull small
    """
    connections = connect()
    say(f"downloading {name}")
    folder = pull(name, model_folder(connections.settings), _downloader(connections))
    out.print(f"{name} is in {folder}")


def _downloader(connections: Connections) -> Callable[[str, Path], None]:
    fetcher = Fetcher(connections.settings.allowed_origins, 60, MODEL_BYTES, MODEL_TIMEOUT_S)

    def download(url: str, to: Path) -> None:
        fetcher.download(url, to, MODEL_BYTES)

    return download


def _print_models(document: dict) -> None:
    for model in document["models"]:
        size = f"{model['byte_count'] / 1e6:>8.0f} MB"
        line = f"{model['engine']:<15} {model['name']:<32} {size}  {model['folder']}"
        out.print(line)
    if not document["models"]:
        out.print(f"no models in {document['folder']}: `podrec models pull small` downloads one")
    out.print(f"transcripts are made with {document['chosen'] or 'no engine: ASR is turned off'}")
