"""Parquet and whatever speaks the Arrow C stream: types stay, nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dangol.core.errors import InputError
from dangol.log.sources import open_sources

from .files import fails, one, read, rows

TABLE = pa.table(
    {
        "user": ["u1", "u2", None],
        "n": pa.array([1, 2, 3], pa.int32()),
        "time": pa.array([datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2, 3)], pa.timestamp("ms", "UTC")),
        "kind": pa.array(["a", "b", "a"]).dictionary_encode(),
    }
)
ROWS = [tuple(row.values()) for row in TABLE.to_pylist()]


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(TABLE, path, row_group_size=2)
    source = one(path)
    assert source.format == "Parquet"
    assert source.schema == TABLE.schema
    assert source.parquet_path == str(path)
    assert source.details == {"row groups": "2", "compression": "none"}
    assert rows(source) == rows(source) == ROWS
    assert source.counted() == 3
    assert source.position() == source.size == path.stat().st_size


def test_parquet_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(TABLE.slice(0, 0), path)
    assert read(path) == []


@pytest.mark.parametrize("kept", [4, 50, -1, -8])
def test_parquet_cut_off(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(TABLE, path)
    path.write_bytes(path.read_bytes()[:kept])
    fails(path, str(path), "cannot be read as Parquet", "may be cut off or damaged")


def test_parquet_with_a_damaged_page(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"x": [f"value {at}" for at in range(10_000)]}), path, use_dictionary=False)
    data = bytearray(path.read_bytes())
    data[4:40] = bytes(36)
    path.write_bytes(data)
    fails(path, "cannot be read as Parquet")


def test_parquet_by_name_only(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_text("user,event\nu,v\n")
    fails(path, "cannot be read as Parquet")
    pq.write_table(TABLE, tmp_path / "export")
    assert read(tmp_path / "export") == ROWS


def test_every_table(tmp_path: Path) -> None:
    frame = TABLE.to_pandas()
    for table, name, kind in (
        (TABLE, "Arrow table", "pyarrow.Table"),
        (TABLE.combine_chunks().to_batches()[0], "Arrow table", "pyarrow.RecordBatch"),
        (frame, "DataFrame", "pandas.DataFrame"),
        (pl.from_arrow(TABLE), "DataFrame", "polars.DataFrame"),
    ):
        source = one(table)
        assert (source.name, source.format, source.details["type"]) == (name, "Arrow", kind)
        assert source.rewindable
        assert source.size is None
        assert source.parquet_path is None
        assert source.schema.names == TABLE.schema.names
        assert rows(source) == rows(source) == ROWS
        assert source.counted() == 3
        assert source.position() > 0


def test_streams_can_be_read_once() -> None:
    with duckdb.connect() as connection:
        relation = connection.sql("SELECT range AS n, 'u' || range AS user FROM range(100000)")
        for stream, name in ((relation, "DuckDBPyRelation"), (TABLE.to_reader(), "Arrow stream")):
            source = one(stream)
            assert source.name == name
            assert not source.rewindable
            assert source.counted() is None
            found = rows(source)
            assert len(found) == (100_000 if stream is relation else 3)
            with pytest.raises(InputError, match="was read already"):
                rows(source)


def test_row_labels_of_pandas() -> None:
    frame = pd.DataFrame({"user": ["u1", "u2", "u3"], "n": [1, 2, 3]})
    shuffled = frame.iloc[[2, 0, 1]]
    assert one(shuffled).schema.names == ["user", "n"]  # unnamed labels are no data
    assert rows(one(shuffled)) == [("u3", 3), ("u1", 1), ("u2", 2)]
    assert set(one(frame.set_index("user")).schema.names) == {"user", "n"}  # named ones are
    assert one(pd.DataFrame({"user": ["u1"], 2024: [1]})).schema.names == ["user", "2024"]


def test_tables_that_cannot_be_used() -> None:
    fails(pd.DataFrame({"a": ["x", 3]}), "DataFrame cannot be read as Arrow", "give every column one type")
    fails(pd.DataFrame([["x", 3]], columns=["a", "a"]), "DataFrame", "uplicate")
    fails(pa.table([[1], [2]], names=["a", "a"]), "Arrow table has column 'a' more than once")
    fails(pa.table({}), "has no column")
    fails(TABLE, "sheet= does not apply", "no such option", sheet=1)
    fails(3, "a int cannot be read")
    fails(None, "a NoneType cannot be read")


def test_several_tables() -> None:
    first, second = open_sources([TABLE, TABLE.slice(1)])
    assert rows(first) == ROWS
    assert rows(second) == ROWS[1:]


def test_large_tables_come_in_pieces() -> None:
    source = one(pa.table({"n": range(200_000)}))
    sizes = [batch.num_rows for batch in source.batches()]
    assert sum(sizes) == 200_000
    assert max(sizes) <= 65_536
