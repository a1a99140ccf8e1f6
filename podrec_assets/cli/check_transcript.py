"""`podrec check-transcript`: is a publisher's transcript what is said in the audio?"""

from typing import Annotated

import typer

from podrec_assets.cli.console import Json, connect, emit, line, out
from podrec_assets.formatting import clock
from podrec_assets.pipelines.content.transcript_check import TranscriptCheck
from podrec_assets.pipelines.content.transcript_check import check_transcript as check

VERDICTS = {
    "agrees": "The transcript is what is said in the audio.",
    "shifted": "The words are right, but their times are not: clicks lead to the wrong place.",
    "differs": "This is the transcript of another recording.",
    "unsure": "What was heard neither confirms nor refutes the transcript.",
}


def check_transcript(
    episode: Annotated[str, typer.Argument(metavar="EPISODE", help="Id of an episode.")],
    as_json: Json = False,
) -> None:
    """Hear samples of an episode and say whether its publisher's transcript agrees with them.

    It exits with 1 if the transcript is of another recording or its times are shifted.

    Example: podrec check-transcript e0123456789abcde
    """
    document = _document(check(connect(), episode))
    emit(document, as_json, _print)
    if document["verdict"] in ("shifted", "differs"):
        raise typer.Exit(1)


def _document(checked: TranscriptCheck) -> dict:
    found = checked.agreement
    return {
        "episode_id": checked.episode["episode_id"],
        "title": checked.episode["title"],
        "transcript": checked.transcript["source_url"],
        "audio": checked.episode["audio_url"],
        "engine": checked.engine,
        "verdict": found.verdict,
        "found_share": round(found.found_share, 3),
        "shift_s": found.shift_s,
        "samples": [
            {
                "start_s": round(sample.start_s, 1),
                "words_heard": sample.word_count,
                "words_found": sample.found_count,
                "shift_s": sample.shift_s,
            }
            for sample in found.samples
        ],
    }


def _print(document: dict) -> None:
    out.print(line((document["title"], "bold"), f" ({document['episode_id']})"))
    out.print(line(VERDICTS[document["verdict"]]))
    for sample in document["samples"]:
        counts = f"{sample['words_found']} of {sample['words_heard']} words found"
        shift = sample["shift_s"]
        times = "" if shift is None else f", the transcript's times differ by {shift:+.1f} s"
        out.print(line(f"  from {clock(sample['start_s'])}: {counts}{times}"))
    out.print(line((f"  heard by {document['engine']}", "dim")))
