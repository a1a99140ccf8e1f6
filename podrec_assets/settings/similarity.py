"""Settings of transcript chunks, their embeddings and episode similarity."""

from typing import Literal

from pydantic import BaseModel, Field

from podrec_assets.settings.fields import RESULTS


class SimilaritySettings(BaseModel):
    """Embeddings and similarity."""

    chunk_tokens: int = Field(
        250,
        ge=32,
        le=254,
        description="Most tokens in one transcript chunk.",
        json_schema_extra=RESULTS,
    )
    embedding_model: str = Field(
        "",
        description="Folder of a model, or BACKEND:FOLDER with openvino or sentence-transformers. "
        "Default: all-MiniLM-L6-v2 by openvino.",
        json_schema_extra=RESULTS,
    )
    embedding_dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="Precision of the embedding model. auto: bfloat16 where the processor has it. "
        "Part of the vectors' version.",
        json_schema_extra=RESULTS,
    )
    neighbours: int = Field(
        20,
        ge=1,
        le=200,
        description="Nearest neighbours stored for an episode.",
        json_schema_extra=RESULTS,
    )
