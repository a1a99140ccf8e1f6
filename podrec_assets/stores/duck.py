"""SQL over Arrow in this process by DuckDB. The only module that imports it."""

import duckdb
import pyarrow as pa

_LOCKED_DOWN: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def query(sql: str, views: dict[str, pa.Table], parameters: dict[str, object] | None = None) -> pa.Table:
    """The result of `sql` over the named Arrow tables; files and the network are out of its reach, time is UTC.

    Args:
        sql: made by podrec itself; whatever a person typed comes as a $parameter.
        views: Arrow tables by the name that `sql` has for them.
        parameters: values of the $parameters.
    """
    with duckdb.connect(":memory:", config=_LOCKED_DOWN) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_external_access = false")
        for name, table in views.items():
            connection.register(name, table)
        return connection.execute(sql, parameters or {}).to_arrow_table()
