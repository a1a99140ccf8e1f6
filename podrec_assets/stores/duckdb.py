"""Runs SQL over Arrow tables in this process with DuckDB. Only this module imports it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from podrec_assets.schemas import TABLES
from podrec_assets.stores.delta.damage import from_driver

if TYPE_CHECKING:
    import pyarrow.dataset as ds

_LOCKED_DOWN: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def query(
    sql: str, views: dict[str, pa.Table], parameters: dict[str, object] | None = None
) -> pa.Table:
    """Runs `sql` over named Arrow tables, in UTC; it cannot reach files or the network.

    Args:
        sql: written by podrec; user input only comes in as $parameters.
        views: Arrow tables by their name in `sql`.
        parameters: values of the $parameters.
    """
    with duckdb.connect(":memory:", config=_LOCKED_DOWN) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_external_access = false")
        for name, table in views.items():
            connection.register(name, table)
        return connection.execute(sql, parameters or {}).to_arrow_table()


def query_files(
    sql: str,
    views: "dict[str, list[str] | ds.Dataset]",
    root: str,
    parameters: dict[str, object] | None = None,
) -> pa.Table:
    """Runs `sql` over the Parquet files of lake tables; it cannot read anything outside `root`.

    Args:
        sql: written by podrec; user input only comes in as $parameters.
        views: by name in `schemas.TABLES`, the files in hive folders of `day` or a dataset of
            them; a table without files is empty.
        root: folder of the lake.
        parameters: values of the $parameters.

    Raises:
        DamagedTableError: a file is missing or damaged.
    """
    with _damage_named(), duckdb.connect(":memory:", config=_LOCKED_DOWN) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET allowed_directories = [$root]", {"root": f"{root}/"})
        connection.execute("SET enable_external_access = false")
        for name, files in views.items():
            empty = TABLES[name].empty()
            if files == []:
                connection.register(name, empty)
                continue
            if isinstance(files, list):
                relation = connection.read_parquet(
                    files,  # type: ignore[arg-type]
                    hive_partitioning=True,
                    union_by_name=True,
                )
            else:
                relation = connection.from_arrow(files)
            if set(empty.column_names) <= set(relation.columns):
                relation.create_view(name)
                continue
            # Every file is older than a column that the table has gained.
            relation.create_view(f"old_{name}")
            connection.register(f"new_{name}", empty)
            connection.sql(
                f"CREATE VIEW {name} AS "
                f"SELECT * FROM new_{name} UNION ALL BY NAME SELECT * FROM old_{name}"
            )
        return connection.execute(sql, parameters or {}).to_arrow_table()


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as err:
        if damaged := from_driver(str(err)):
            raise damaged from err
        raise
