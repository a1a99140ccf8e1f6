"""`podrec plan`: the expected cost of transcripts."""

from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, out, parse_days, today
from podrec_assets.errors import UnknownIdError
from podrec_assets.pipelines.content.transcription_estimate import plan_transcripts


def plan(
    select: Annotated[
        str, typer.Option("--select", help="Asset; only transcripts can be planned.")
    ] = "transcripts",
    days: Annotated[str, typer.Option("--days", help="A..B or one day; default today.")] = "",
    as_json: Json = False,
) -> None:
    """Estimate what the transcripts of a range of days will cost. Fetches nothing.

    Use it before a backfill: speech recognition takes by far the most time.

    Example: podrec plan --days 2026-11-01..2026-11-14
    """
    if select != "transcripts":
        raise UnknownIdError(f"{select!r} cannot be planned: only transcripts can.")
    connections = connect()
    estimate = plan_transcripts(connections, *parse_days(days or today()), connections.now())
    emit(estimate, as_json, _print_plan)


def _print_plan(document: dict) -> None:
    d = document
    out.print(
        f"{d['episode_count']} episodes of {d['first_day']}..{d['last_day']}, "
        f"{d['finished_count']} finished"
    )
    out.print(
        f"  publisher's transcript linked: {d['publisher_count']} "
        f"({d['publisher_minutes']} minutes of audio)"
    )
    out.print(
        f"  ASR result on disk:            {d['cached_count']} ({d['cached_minutes']} minutes)"
    )
    unknown = f", {n} of unknown length" if (n := d["unknown_length_count"]) else ""
    out.print(
        f"  ASR needed:                    {d['asr_count']} ({d['asr_minutes']} minutes{unknown})"
    )
    out.print(
        f"  no audio: {d['no_audio_count']}, no model for the language: {d['no_model_count']}"
    )
    if d["asr_count"]:
        cost = (
            "not measured here yet"
            if d["expected_asr_minutes"] is None
            else f"{d['expected_asr_minutes']} minutes of computing"
        )
        runs = "never: the budget is 0" if d["run_count"] is None else f"{d['run_count']} runs"
        out.print(f"with {d['engine'] or 'no engine'}: {cost}, {runs}")
