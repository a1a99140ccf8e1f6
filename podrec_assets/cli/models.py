"""`podrec plan | transcribe | models`: what transcripts will cost, making them again, and the
speech models on disk.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out, parse_days, say
from podrec_assets.cli.run import materialize, print_run
from podrec_assets.content.asr.engine_choice import choose_engine, model_folder, models_on_disk
from podrec_assets.content.asr.model_download import pull
from podrec_assets.errors import UnknownIdError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.transcription_estimate import plan_transcripts
from podrec_assets.settings import Settings
from podrec_assets.stores.http.client import Fetcher

MODEL_BYTES, MODEL_TIMEOUT_S = 8_000_000_000, 6 * 3600.0
STATUSES = ("ok", "quarantined", "failed", "no_audio", "no_model", "over_budget")
models = typer.Typer(help="Speech models on disk.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds this family's commands."""
    app.command()(plan)
    app.command()(transcribe)
    app.add_typer(models, name="models")


def plan(
    select: Annotated[
        str, typer.Option("--select", help="The asset to plan; transcripts is the one that costs.")
    ] = "transcripts",
    days: Annotated[str, typer.Option("--days", help="A..B or one day; today by default.")] = "",
    as_json: Json = False,
) -> None:
    """Say what transcripts of a range of days would cost, before a backfill. Fetches nothing.

    Example: podrec plan --select transcripts --days 2026-11-01..2026-11-14
    """
    if select != "transcripts":
        raise UnknownIdError(
            f"{select!r} cannot be planned: only transcripts costs more than it shows."
        )
    connections = connect()
    emit(
        plan_transcripts(connections, *parse_days(days or _today()), connections.now()),
        as_json,
        _print_plan,
    )


def transcribe(
    days: Annotated[str, typer.Option("--days", help="A..B or one day; today by default.")] = "",
    redo: Annotated[
        list[str],
        typer.Option(
            "--redo", help=f"Status made again though nothing changed: {', '.join(STATUSES)}."
        ),
    ] = [],  # noqa: B006
    engine: Annotated[
        str, typer.Option("--engine", help="ASR engine in place of PODREC_ASR_ENGINE.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Materialize transcripts, also those whose failure is final or whose text is quarantined,
    perhaps by another engine.

    Example: podrec transcribe --days 2026-11-01..2026-11-14 --redo quarantined --redo failed
    --engine vosk
    """
    unknown = [status for status in redo if status not in STATUSES]
    if unknown:
        raise typer.BadParameter(
            f"{unknown[0]!r} is not a status: {', '.join(STATUSES)}.", param_hint="--redo"
        )
    settings = Settings.load(**({"asr_engine": engine} if engine else {}))
    choose_engine(settings)  # says at once what is missing
    config = {"ops": {"transcripts": {"config": {"redo": redo}}}}
    document = materialize(settings, "transcripts", *parse_days(days or _today()), config)
    emit(document, as_json, print_run)
    if not document["success"]:
        raise typer.Exit(1)


@models.command("list")
def list_models(as_json: Json = False) -> None:
    """Show the speech models on disk, and which engine the settings choose.

    Example: podrec models list
    """
    settings = connect().settings
    chosen = choose_engine(settings)
    found = [
        {"engine": m.engine, "name": m.name, "folder": str(m.folder), "byte_count": m.byte_count}
        for m in models_on_disk(settings)
    ]
    document = {
        "folder": str(model_folder(settings)),
        "models": found,
        "chosen": chosen.version if chosen else None,
    }
    emit(document, as_json, _print_models)


@models.command("pull")
def pull_model(
    name: Annotated[
        str, typer.Argument(help="tiny, small, large-v3, ... or vosk-model-small-en-us-0.15.")
    ],
) -> None:
    """Fetch a speech model into the cache: faster-whisper from the Hugging Face hub, Vosk from its
    site.

    Example: podrec models pull small
    """
    connections = connect()
    say(f"fetching {name}")
    out.print(
        f"{name} is in {pull(name, model_folder(connections.settings), _downloader(connections))}",
        markup=False,
    )


def _downloader(connections: Connections):
    fetcher = Fetcher(connections.settings.allowed_origins, 60, MODEL_BYTES, MODEL_TIMEOUT_S)

    def download(url: str, to: Path) -> None:
        fetcher.download(url, to, MODEL_BYTES)

    return download


def _today() -> str:
    return date.isoformat(datetime.now(UTC).date())


def _print_models(document: dict) -> None:
    for model in document["models"]:
        size = f"{model['byte_count'] / 1e6:>8.0f} MB"
        out.print(
            f"{model['engine']:<15} {model['name']:<32} {size}  {model['folder']}", markup=False
        )
    if not document["models"]:
        out.print(
            f"no models in {document['folder']}: `podrec models pull small` fetches one",
            markup=False,
        )
    out.print(f"transcripts are made by {document['chosen'] or 'no engine: ASR is switched off'}")


def _print_plan(document: dict) -> None:
    show = document.__getitem__
    out.print(
        f"{show('episode_count')} episodes of {show('first_day')}..{show('last_day')}, {show('finished_count')} finished"
    )
    out.print(
        f"  publisher transcript linked: {show('publisher_count')} ({show('publisher_minutes')} minutes of audio)"
    )
    out.print(
        f"  ASR result at hand:          {show('cached_count')} ({show('cached_minutes')} minutes)"
    )
    unknown = (
        f", {show('unknown_length_count')} of unknown length"
        if show("unknown_length_count")
        else ""
    )
    out.print(
        f"  ASR needed:                  {show('asr_count')} ({show('asr_minutes')} minutes{unknown})"
    )
    out.print(
        f"  no audio: {show('no_audio_count')}, no model for the language: {show('no_model_count')}"
    )
    if not show("asr_count"):
        return
    cost = (
        f"{show('expected_asr_minutes')} minutes of computing"
        if show("expected_asr_minutes") is not None
        else "not measured here yet"
    )
    runs = "never, the budget is 0" if show("run_count") is None else f"{show('run_count')} runs"
    out.print(f"by {show('engine') or 'no engine'}: {cost}, {runs}")
