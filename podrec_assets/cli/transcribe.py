"""`podrec transcribe`: transcripts of a range of days, also those that failed."""

from typing import Annotated

import typer

from podrec_assets.cli.console import Json, emit, parse_days, today
from podrec_assets.cli.run import materialize, print_run
from podrec_assets.content.asr.engine_choice import choose_engine
from podrec_assets.schemas import TRANSCRIPTS
from podrec_assets.settings import Settings

STATUSES = ("ok", "quarantined", "failed", "no_audio", "no_model", "over_budget")


def transcribe(
    days: Annotated[str, typer.Option("--days", help="A..B or one day; default today.")] = "",
    redo: Annotated[
        list[str],
        typer.Option("--redo", help=f"Status to redo although final: {', '.join(STATUSES)}."),
    ] = [],  # noqa: B006
    engine: Annotated[
        str, typer.Option("--engine", help="ASR engine; default PODREC_ASR_ENGINE.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Transcribe the episodes of a range of days; with --redo also failed or quarantined ones.

    Example: podrec transcribe --days 2026-11-01..2026-11-14 --redo failed --engine vosk
    """
    unknown = [status for status in redo if status not in STATUSES]
    if unknown:
        raise typer.BadParameter(
            f"{unknown[0]!r} is not a status: {', '.join(STATUSES)}.", param_hint="--redo"
        )
    settings = Settings.load(**({"asr_engine": engine} if engine else {}))
    # Fails now, rather than in the run, if the engine or its model is missing.
    choose_engine(settings)
    config = {"ops": {TRANSCRIPTS.name: {"config": {"redo": redo}}}}
    document = materialize(settings, TRANSCRIPTS.name, *parse_days(days or today()), config)
    emit(document, as_json, print_run)
    if not document["success"]:
        raise typer.Exit(1)
