"""The encoder that the settings choose, with the default model."""

from podrec_assets.content.similarity.encoder import BatchEncoder
from podrec_assets.content.similarity.encoder_choice import make_encoder
from podrec_assets.services.embedding_model import ensure_model
from podrec_assets.settings import Settings


def open_encoder(settings: Settings) -> BatchEncoder:
    """Returns the encoder of PODREC_EMBEDDING_MODEL; downloads the default model once.

    Raises:
        SetupError: the default model could not be downloaded.
    """
    model = settings.embedding_model or f"openvino:{ensure_model(settings)}"
    return make_encoder(model, settings.embedding_dtype)
