"""What a Spark worker met is told in words, and tells whether trying again may help."""

import pytest
from pyspark.errors import PythonException

from podrec_assets.content.asr.worker_pool import WorkerDiedError
from podrec_assets.errors import SetupError
from podrec_assets.pipelines.spark_workers import errors_in_words


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        ("ModuleNotFoundError: No module named 'vosk'", SetupError),
        ("ImportError: cannot import name 'Engine'", SetupError),
        ("torch.OutOfMemoryError: CUDA out of memory.", WorkerDiedError),
        ("MemoryError", WorkerDiedError),
    ],
)
def test_only_a_module_that_a_worker_lacks_is_a_matter_of_its_setup(
    last: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind, match=last.partition(" ")[0]), errors_in_words():
        raise PythonException(message=f"Traceback (most recent call last):\n  ...\n{last}\n")
