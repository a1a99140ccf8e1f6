"""Content group: transcripts. The asset's pool is that of the device on which ASR computes."""

import dagster as dg
import pyarrow as pa
from pydantic import Field

from podrec_assets.content.asr.engine_choice import resolve_device
from podrec_assets.defs.assets.decorators import table_asset
from podrec_assets.defs.automation import FACTS
from podrec_assets.defs.partitions import run_days
from podrec_assets.defs.resources.spark import SparkResource
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.transcription import transcribe_days
from podrec_assets.pipelines.spark_workers import choose_transcriber
from podrec_assets.schemas import TRANSCRIPTS
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import replace_dead_letters


class TranscriptsConfig(dg.Config):
    """What a run does besides the rows that are due."""

    redo: list[str] = Field(
        default=[],
        description="Statuses of rows to process again although nothing changed, e.g. failed, "
        "quarantined, ok.",
    )


def build_transcripts(pool: str) -> dg.AssetsDefinition:
    """The asset with its pool, whose slots limit how many runs transcribe at once."""

    @table_asset(
        TRANSCRIPTS,
        group_name="content",
        kinds={"deltalake", "python"},
        automation_condition=FACTS,
        pool=pool,
    )
    def transcripts(
        context: dg.AssetExecutionContext,
        config: TranscriptsConfig,
        connections: dg.ResourceParam[Connections],
        spark: SparkResource,
        episodes: pa.Table,
    ) -> dg.MaterializeResult[pa.Table]:
        """One row is one episode of the day, with or without text; see `status` and `reason`.

        A publisher's transcript (VTT, SRT, JSON, HTML or plain text) comes first. ASR transcribes
        the rest, up to the run's budget of audio minutes. An unusable transcript becomes a dead
        letter, and a suspicious one is quarantined.

        - Write: replaces the day. A row with unchanged inputs stays as it is unless it is due: a
          retry, an episode over an earlier budget, or a better engine. ASR results survive a killed
          run.
        - Late data: an episode announced after the run gets its row from the next run of its day.
        - Fails when the configured ASR engine is not available.
        """
        settings = connections.settings
        start = choose_transcriber(settings, lambda: spark.session(settings))
        redo, say = frozenset(config.redo), context.log.info
        transcribed = transcribe_days(
            connections, episodes.to_pylist(), connections.now(), redo, say, start
        )
        replace_dead_letters(
            connections.lake, TRANSCRIPTS.name, run_days(context), transcribed.letters
        )
        metadata = {"dead_letter_count": len(transcribed.letters), **transcribed.figures}
        return dg.MaterializeResult(value=TRANSCRIPTS.rows(transcribed.rows), metadata=metadata)

    return transcripts


BY_DEVICE = {"cpu": build_transcripts("asr_cpu"), "cuda": build_transcripts("asr_gpu")}


def transcripts_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset for the device that the settings choose."""
    return BY_DEVICE[resolve_device(settings.asr_device)]
