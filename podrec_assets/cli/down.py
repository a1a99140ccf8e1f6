"""`podrec down`: stops the embedded services."""

from podrec_assets.cli.console import out
from podrec_assets.services import supervisor
from podrec_assets.settings import Settings


def down() -> None:
    """Stop the embedded services; their data is kept.

    Example: podrec down
    """
    supervisor.down(Settings.load())
    out.print("embedded services are stopped; their data is kept")
