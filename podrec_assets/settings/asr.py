"""Settings of speech recognition (ASR)."""

from typing import Literal

from pydantic import BaseModel, Field

from podrec_assets.settings.fields import LIMITS, RESULTS, SPEED


class AsrSettings(BaseModel):
    """Speech recognition (ASR)."""

    asr_engine: Literal["auto", "faster-whisper", "vosk", "none"] = Field(
        "auto",
        description="ASR engine. auto: faster-whisper if a model is on disk, else Vosk if one is.",
        json_schema_extra=RESULTS,
    )
    asr_whisper_model: str = Field(
        "",
        description="Whisper model: a folder, or a name in CACHE/models. Default: the largest "
        "there.",
        json_schema_extra=RESULTS,
    )
    asr_vosk_model: str = Field(
        "",
        description="Vosk model: a folder, or a name in CACHE/models. Default: the largest there.",
        json_schema_extra=RESULTS,
    )
    asr_device: Literal["auto", "cpu", "cuda"] = Field(
        "auto",
        description="Device of faster-whisper: int8 on cpu, fp16 on cuda. auto: cuda if the system "
        "has a GPU.",
        json_schema_extra=RESULTS,
    )
    asr_max_audio_minutes: float = Field(
        720,
        gt=0,
        description="Longest audio that is transcribed, in minutes.",
        json_schema_extra=RESULTS,
    )
    asr_workers: int = Field(
        1,
        ge=1,
        le=64,
        description="Audio files transcribed at a time, each in a process of its own.",
        json_schema_extra=SPEED,
    )
    asr_threads: int = Field(
        0,
        ge=0,
        le=256,
        description="CPU threads of one worker; 0 shares all cores among the workers.",
        json_schema_extra=SPEED,
    )
    asr_minutes_per_run: float = Field(
        60,
        ge=0,
        description="Minutes of audio that one run transcribes; the rest is over_budget.",
        json_schema_extra=LIMITS,
    )
    asr_max_attempts: int = Field(
        4,
        ge=1,
        le=20,
        description="Attempts at a transcript before its failure is final.",
        json_schema_extra=LIMITS,
    )
    asr_retry_minutes: float = Field(
        15,
        gt=0,
        description="Minutes to the second attempt; the wait doubles each time, up to a day.",
        json_schema_extra=LIMITS,
    )
    asr_memory_mb: int = Field(
        1024,
        ge=256,
        description="Memory limit of the process that decodes audio, in MB.",
        json_schema_extra=LIMITS,
    )
    asr_stall_s: float = Field(
        1800,
        gt=0,
        description="Seconds without progress after which an ASR process is killed.",
        json_schema_extra=LIMITS,
    )
