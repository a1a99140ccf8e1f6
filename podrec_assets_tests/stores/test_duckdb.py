"""SQL over Arrow: only the named tables are visible, and time is UTC."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from podrec_assets.stores import duckdb as duck


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that SQL must not reach."""
    path = tmp_path / "secret.csv"
    path.write_text("a,b\n1,hunter2\n")
    return path


def test_tables_are_joined_by_their_given_names() -> None:
    plays = pa.table({"user": ["ann", "bob", "ann"], "episode": ["e1", "e1", "e2"]})
    titles = pa.table({"episode": ["e1", "e2"], "title": ["One", "Two"]})
    sql = """SELECT title, count(*) AS n FROM plays JOIN titles USING (episode)
             GROUP BY title ORDER BY title"""
    rows = duck.query(sql, {"plays": plays, "titles": titles})
    assert rows.to_pylist() == [{"title": "One", "n": 2}, {"title": "Two", "n": 1}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{path}')",
        "SELECT * FROM '{path}'",
        "SELECT * FROM read_text('{path}')",
        "SELECT * FROM read_blob('{path}')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM sniff_csv('{path}')",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "ATTACH '{folder}/out.db'",
        "CREATE TABLE t AS SELECT 1 AS a; COPY t FROM '{path}'",
        "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
        "INSTALL httpfs",
        "LOAD httpfs",
    ],
)
def test_sql_cannot_reach_files_or_the_network(secret: Path, sql: str) -> None:
    with pytest.raises(duckdb.Error, match=r"disabled|does not exist"):
        duck.query(sql.format(path=secret, folder=secret.parent), {})
    assert [p.name for p in secret.parent.iterdir()] == ["secret.csv"]


@pytest.mark.parametrize("setting", ["enable_external_access", "autoload_known_extensions"])
def test_sql_cannot_lift_the_restrictions(secret: Path, setting: str) -> None:
    with pytest.raises(duckdb.Error):
        duck.query(f"SET {setting} = true; SELECT * FROM read_csv('{secret}')", {})


def test_the_same_file_can_be_read_without_the_restrictions(secret: Path) -> None:
    assert duckdb.sql(f"SELECT b FROM read_csv('{secret}')").fetchall() == [("hunter2",)]


def test_python_variables_are_not_tables() -> None:
    hidden = pa.table({"a": [1]})
    with pytest.raises(duckdb.CatalogException, match="hidden does not exist"):
        duck.query("SELECT * FROM hidden", {"shown": hidden})


def test_a_query_leaves_nothing_for_the_next_one() -> None:
    duck.query("CREATE TABLE kept AS SELECT 1 AS a; SELECT * FROM kept", {})
    with pytest.raises(duckdb.CatalogException, match="kept does not exist"):
        duck.query("SELECT * FROM kept", {})


def test_time_is_utc_whatever_the_machines_time_zone() -> None:
    """In another process, because DuckDB reads the time zone only once."""
    program = """
from datetime import UTC, datetime
import pyarrow as pa
from podrec_assets.stores import duckdb as duck
at = datetime(2026, 11, 1, 23, 59, 59, tzinfo=UTC)
table = pa.table({"at": pa.array([at], pa.timestamp("us", tz="UTC"))})
sql = "SELECT CAST(t.at AS DATE), hour(t.at) AS h, current_setting('TimeZone') AS zone FROM t"
print(*duck.query(sql, {"t": table}).to_pylist()[0].values())
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"TZ": "Pacific/Auckland"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["2026-11-01", "23", "UTC"]


def test_timestamps_round_trip() -> None:
    at = datetime(2026, 11, 1, 23, 59, 59, 123456, tzinfo=UTC)
    table = pa.table({"at": pa.array([at], pa.timestamp("us", tz="UTC"))})
    rows = duck.query("SELECT t.at FROM t", {"t": table})
    assert rows["at"].to_pylist() == [at]
    assert rows.schema.field("at").type == pa.timestamp("us", tz="UTC")


def test_an_empty_result_keeps_columns_and_types() -> None:
    table = pa.table({"n": pa.array([], pa.int64()), "s": pa.array([], pa.string())})
    rows = duck.query("SELECT s, n FROM t", {"t": table})
    assert rows.num_rows == 0
    assert rows.schema.names == ["s", "n"]
    assert rows.schema.field("n").type == pa.int64()
