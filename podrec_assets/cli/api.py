"""`podrec api`: the REST API."""

import socket
from typing import Annotated

import typer

from podrec_assets.cli.console import connect, out
from podrec_assets.errors import ServiceError, SetupError
from podrec_assets.serving.access import check_exposure


def api(
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; default PODREC_API_HOST.")
    ] = "",
    port: Annotated[
        int,
        typer.Option(
            "--port", min=0, max=65535, help="Port; default PODREC_API_PORT.", show_default=False
        ),
    ] = 0,
) -> None:
    """Serve recommendations and accept listening events over HTTP, until Ctrl-C.

    The API describes itself at /docs. Without PODREC_API_TOKEN it can be reached from this machine
    only, and any other address is refused.

    Example: podrec api --port 8000
    """
    try:
        import uvicorn

        from podrec_assets.api.server import server_config
    except ImportError as err:
        raise SetupError(f"The REST API needs {err.name}: run `make setup`.") from err
    connections = connect()
    settings = connections.settings
    host, port = host or settings.api_host, port or settings.api_port
    check_exposure(host, settings.api_token.get_secret_value(), "PODREC_API_TOKEN")
    config = server_config(connections)
    try:
        # Listens before the address is printed, so that a reader can use it at once.
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=config.backlog)
    except OSError as err:
        raise ServiceError(
            f"Cannot listen on {host}:{port} ({err.strerror or err}); stop what uses it or set "
            "PODREC_API_PORT."
        ) from err
    bound = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    out.print(f"REST API: http://{shown}:{bound}  (documentation at /docs; Ctrl-C stops it)")
    with listening:
        uvicorn.Server(config).run([listening])
