"""Results of speech recognition on disk: they survive a crash and are pruned."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.transcription import transcribe_days
from podrec_assets.settings import Settings
from podrec_assets.stores.asr_results import KEEP_DAYS, AsrResults

NOW = time.time()
LONG_AGO = NOW - (KEEP_DAYS + 1) * 86_400


def test_torn_lines_of_the_journal_are_skipped(tmp_path: Path) -> None:
    results = AsrResults(tmp_path)
    results.note("done", engine="e/1", audio_s=100.0, compute_s=20.0)
    with (tmp_path / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"at": 1, "eve\n\xff\n')
    results.note("done", engine="e/1", audio_s=100.0, compute_s=40.0)
    with (tmp_path / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"at": 2')
    assert [e["compute_s"] for e in results.journal()] == [20.0, 40.0]
    assert results.real_time_factor("e/1") == 0.3


def test_prune_removes_old_results_and_drafts_but_nothing_in_use(
    tmp_path: Path,
) -> None:
    results = AsrResults(tmp_path)
    for key in ("aa-old", "bb-used", "cc-new"):
        results.put(key, {"key": key})
    draft = tmp_path / "aa" / "aa-old.json.4711"
    draft.write_text("{")
    for path in (tmp_path / "aa" / "aa-old.json", tmp_path / "bb" / "bb-used.json", draft):
        os.utime(path, (LONG_AGO, LONG_AGO))
    assert results.get("bb-used") == {"key": "bb-used"}
    assert results.prune(NOW) == 2
    assert [results.has(key) for key in ("aa-old", "bb-used", "cc-new")] == [False, True, True]
    assert not draft.exists()


def test_a_run_of_transcripts_prunes_old_results(settings: Settings) -> None:
    connections = Connections(settings.model_copy(update={"asr_engine": "none"}), {})
    connections.asr_results.put("aa-old", {})
    os.utime(connections.asr_results.folder / "aa" / "aa-old.json", (LONG_AGO, LONG_AGO))
    transcribe_days(connections, [], datetime.now(UTC))
    assert not connections.asr_results.has("aa-old")
