"""SQL over Arrow in this process by DuckDB. The only module that imports it."""

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from podrec_assets.schemas import TABLES

_LOCKED_DOWN: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def query(
    sql: str, views: dict[str, pa.Table], parameters: dict[str, object] | None = None
) -> pa.Table:
    """The result of `sql` over the named Arrow tables; files and the network are out of its reach,
    time is UTC.

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


def query_files(
    sql: str,
    views: dict[str, list[str] | ds.Dataset],
    root: str,
    parameters: dict[str, object] | None = None,
) -> pa.Table:
    """The result of `sql` over tables of `schemas.TABLES`, each given by its Parquet files; nothing
    outside `root` can be read.

    Args:
        sql: made by podrec itself; whatever a person typed comes as a $parameter.
        views: by table, its files in hive folders of `day`, or a dataset of them; a table without
            files is empty.
        root: folder of the lake.
        parameters: values of the $parameters.
    """
    with duckdb.connect(":memory:", config=_LOCKED_DOWN) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET allowed_directories = [$root]", {"root": f"{root}/"})
        connection.execute("SET enable_external_access = false")
        for name, files in views.items():
            empty = TABLES[name].empty()
            if files == []:
                connection.register(name, empty)
                continue
            if isinstance(files, ds.Dataset):
                source = connection.from_arrow(files)
            else:
                source = connection.read_parquet(files, hive_partitioning=True, union_by_name=True)  # type: ignore[arg-type]
            if set(empty.column_names) <= set(source.columns):
                source.create_view(name)
                continue
            # Every file is older than a column that the table has gained.
            source.create_view(f"old_{name}")
            connection.register(f"new_{name}", empty)
            connection.sql(
                f"CREATE VIEW {name} AS SELECT * FROM new_{name} UNION ALL BY NAME SELECT * FROM old_{name}"
            )
        return connection.execute(sql, parameters or {}).to_arrow_table()
