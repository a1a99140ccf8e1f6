"""The table of what no stage could use."""

import pyarrow as pa

from podrec_assets.schemas.table import DAY, KAFKA, Table, column

DEAD_LETTERS = Table(
    "dead_letters",
    "one unusable record of any stage",
    ("stage", "source_key"),
    pa.schema(
        [
            DAY,
            column("stage", pa.string(), "Asset or command that met it."),
            column(
                "source_key",
                pa.string(),
                "topic:partition:offset, feed address or episode id: unique in its stage and day.",
            ),
            column("reason", pa.string(), "Short code, e.g. not_json; groups in reports."),
            column("detail", pa.string(), "One sentence on what exactly was wrong."),
            *KAFKA,
            column("payload", pa.binary(), "Raw bytes, at most 64 KiB of them."),
        ]
    ),
)
