"""The transcripts asset, once for each device that ASR may compute on: its pool is the device's."""

import dagster as dg
import pyarrow as pa
from pydantic import Field

from podrec_assets.content.asr.engine_choice import device
from podrec_assets.defs.assets.decorators import table_asset
from podrec_assets.defs.automation import FACTS
from podrec_assets.defs.partitions import run_days
from podrec_assets.defs.resources.spark import SparkResource
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.transcription import transcribe_days
from podrec_assets.pipelines.spark_workers import choose_transcriber
from podrec_assets.schemas import TRANSCRIPTS
from podrec_assets.settings import Settings


class TranscriptsConfig(dg.Config):
    """What one run does beyond what is due."""

    redo: list[str] = Field(
        default=[],
        description="Statuses whose rows are made again though nothing changed, e.g. failed, quarantined, ok.",
    )


def build_transcripts(pool: str) -> dg.AssetsDefinition:
    """The asset in a pool: as many runs transcribe at once as that has slots."""

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
        """One row is one episode of the day, whatever became of its transcript; `status` and
        `reason` say what.

        Publisher transcripts (VTT, SRT, JSON, HTML, plain text) first; ASR for the rest, as many
        minutes of audio as the run's budget has. Replaces the day: a row whose inputs did not
        change stays as it is unless it is due (a retry whose time has come, what was over budget, a
        better engine), and ASR results outlive a killed run. A transcript that cannot be used is a
        dead letter, a suspicious one is quarantined, never a failed run. Fails when the ASR engine
        that is set is not there.
        """
        settings = connections.settings
        start = choose_transcriber(settings, lambda: spark.session(settings))
        redo, say = frozenset(config.redo), context.log.info
        found = transcribe_days(
            connections, episodes.to_pylist(), connections.now(), redo, say, start
        )
        connections.lake.replace_dead_letters("transcripts", run_days(context), found.letters)
        metadata = {"dead_letter_count": len(found.letters), **found.figures}
        return dg.MaterializeResult(value=TRANSCRIPTS.rows(found.rows), metadata=metadata)

    return transcripts


BY_DEVICE = {"cpu": build_transcripts("asr_cpu"), "cuda": build_transcripts("asr_gpu")}


def transcripts_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset of these settings."""
    return BY_DEVICE[device(settings.asr_device)]
