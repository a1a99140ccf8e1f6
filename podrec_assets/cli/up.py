"""`podrec up`: starts the embedded services."""

from podrec_assets.cli.console import Json, connect, emit, line, out, say


def up(as_json: Json = False) -> None:
    """Start the embedded services: Kafka, a MongoDB-compatible server and the sample feeds.

    Downloads the default speech model and creates the Kafka topics as well. Services named by
    PODREC_KAFKA_BOOTSTRAP or PODREC_MONGO_URI are external and are not started.

    Example: podrec up
    """
    from podrec_assets.cli.models import ensure_default_model
    from podrec_assets.defs.instance import set_pool_limits
    from podrec_assets.services import embedding_model, jars, supervisor

    connections = connect()
    settings = connections.settings
    jars.ensure_all(settings, say)
    ensure_default_model(connections)
    if not settings.embedding_model:
        embedding_model.ensure_model(settings, say)
    supervisor.up(settings, say)
    connections.kafka.ensure_topic(settings.episodes_topic, 1)
    connections.kafka.ensure_topic(settings.events_topic, settings.kafka_partitions)
    set_pool_limits(settings)
    emit({"services": supervisor.status(settings)}, as_json, print_services)


def print_services(document: dict) -> None:
    """Prints the state and address of each service."""
    for name, service in document["services"].items():
        state = ("up", "green") if service["up"] else ("down", "red")
        kind = "embedded" if service["embedded"] else "external"
        out.print(line(f"{name:<8} ", state, f"  {service['address'] or '-'}  {kind}"))
        if service.get("problem"):
            out.print(f"         {service['problem']}")
