"""CSV: every record is read as it stands or reported with its number."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dangol.core.errors import InputError
from dangol.log.sources import blobs, delimited, delimiter

from .files import fails, one, read, rows
from .oracle import Unclosed, split

reuse = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8) | st.sampled_from(
    ["", "NA", "007", '"', '""', "\n", "\r\n", ",", " ", "가나", "😀", "null", "1e5", "#N/A"]
)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files come three bytes at a time, and be parsed a few records at a time."""
    whole = blobs.Blob.chunks

    def chunks(self: Any, size: int = blobs.CHUNK, meter: Any = None) -> Generator[bytes, None, None]:
        return whole(self, 3 if size == blobs.CHUNK else size, meter)

    monkeypatch.setattr(blobs.Blob, "chunks", chunks)
    monkeypatch.setattr(delimited, "_PIECE", 8)


def written(table: list[list[str]], delimiter: str, quoting: Any = csv.QUOTE_MINIMAL) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerows(table)
    return out.getvalue()


tables = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), max_size=6))


@reuse
@given(
    tables,
    st.sampled_from([",", ";", "\t", "|", " "]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_the_csv_module_writes_comes_back(
    tmp_path: Path, small_pieces: None, table: list[list[str]], delimiter: str, quoting: Any, encoding: str
) -> None:
    names = [f"c{at}" for at in range(len(table[0]) if table else 2)]
    path = tmp_path / "x.csv"
    path.write_bytes(written([names, *table], delimiter, quoting).encode(encoding))
    assert read(path, delimiter=delimiter, header=True) == [tuple(row) for row in table]


@reuse
@given(st.text(alphabet='ab",; \n\r', max_size=60), st.sampled_from([",", ";", " ", None]), st.integers(1, 3))
def test_any_text_is_read_or_reported(
    tmp_path: Path, small_pieces: None, text: str, delimiter: str | None, width: int
) -> None:
    names, good = [f"c{at}" for at in range(width)], ["x"] * width
    path, between = tmp_path / "x.csv", delimiter or "  "
    path.write_text(f"{between.join(names)}\n{between.join(good)}\n{text}", newline="")
    options = {"delimiter": delimiter or "whitespace", "header": True}
    try:
        expected = [good, *split(text, delimiter)]
    except Unclosed:
        fails(path, "opens a quote that never closes", **options)
        return
    source = one(path, **options)
    for _ in range(2):  # the second time nothing is doubled
        assert rows(source) == [tuple(row) for row in expected if len(row) == width]
        assert [(problem.row, problem.reason) for problem in source.problems] == [
            (number, f"expected {width} fields, found {len(row)}")
            for number, row in enumerate(expected, 1)
            if len(row) != width
        ]
    assert source.counted() == len(expected)


def test_a_large_file_is_cut_between_records(tmp_path: Path) -> None:
    """Nine megabytes with quoted newlines, blank lines and ragged records; the csv module is the witness."""
    chance = random.Random(7)
    lines, good, wrong = ["user,note,n\r\n"], [], []
    for number in range(1, 60_001):
        row = [f"u{number}", chance.choice(["plain", 'with "quotes"', "two\nlines", "가나다", "x" * 800]), str(number)]
        if chance.random() < 0.001:
            wrong.append(number)
            row.append("more")
        else:
            good.append(tuple(row))
        lines.append(written([row], ",") + "\r\n" * chance.randrange(2))
    path = tmp_path / "large.csv"
    path.write_bytes("".join(lines).encode())
    source = one(path)
    batches = list(source.batches())
    assert len(batches) > 1
    assert [tuple(row.values()) for row in pa.Table.from_batches(batches).to_pylist()] == good
    assert [problem.row for problem in source.problems] == wrong
    assert source.problems[0].value == f"u{wrong[0]}," + source.problems[0].value.split(",", 1)[1]
    assert source.counted() == 60_000
    assert source.position() == source.size == path.stat().st_size


def test_a_record_longer_than_any_piece(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    long = "line\n" * 2_000_000
    path.write_text(f'a,b\n1,"{long}"\n2,short\n')
    assert read(path) == [("1", long), ("2", "short")]


def test_a_first_record_that_is_too_long_to_look_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a," + "b" * 100_000 + "\n1,2\n")
    monkeypatch.setattr(delimiter, "_HEAD", 10)
    assert len(one(path).schema) == 2
    monkeypatch.setattr(delimiter, "_HEAD_MOST", 100)
    fails(path, "the first record of", "too long to be read")


def test_text_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('user,event,n\n007,NA,12.7\n008,,1e5\n" 9",null,"1,000"\n')
    source = one(path)
    assert source.schema == pa.schema([("user", pa.string()), ("event", pa.string()), ("n", pa.string())])
    assert rows(source) == [("007", "NA", "12.7"), ("008", "", "1e5"), (" 9", "null", "1,000")]
    assert source.format == "CSV"
    assert dict(source.details) == {
        "encoding": "UTF-8",
        "delimiter": "comma (,)",
        "header": "first row",
        "compression": "none",
    }
    assert source.name == str(path)
    assert source.rewindable
    assert source.parquet_path is None


def test_ragged_rows_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('a,b\n1,2\n\n3\n4,"5\n6"\n7,8,9\n10,11')
    source = one(path)
    assert rows(source) == [("1", "2"), ("4", "5\n6"), ("10", "11")]
    found = [(problem.file, problem.row, problem.column, problem.value, problem.reason) for problem in source.problems]
    assert found == [
        (str(path), 2, None, "3", "expected 2 fields, found 1"),
        (str(path), 4, None, "7,8,9", "expected 2 fields, found 3"),
    ]
    assert source.counted() == 5


def test_a_ragged_value_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n" + "y" * 500 + "\n3,4\n")
    source = one(path)
    rows(source)
    assert source.problems[0].value == "y" * 200


def test_an_open_quote_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('a,b\n1,2\n3,"4\n5,6\n7,8\n')
    fails(path, "line 3 of", "opens a quote that never closes")


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    source = one(path)
    for other in ("a,b\n1,2\n\n\n3,4\n", "a,b\n1,2\n", ""):
        path.write_text(other)
        with pytest.raises(InputError, match="is not what it was"):
            rows(source)


def test_ten_thousand_columns(tmp_path: Path) -> None:
    width = 10_000
    names = [f"name_{at}" for at in range(width)]
    table = [[str(at * row) for at in range(width)] for row in range(3)]
    path = tmp_path / "wide.csv"
    path.write_text(written([names, *table], ","))
    source = one(path)
    assert source.schema.names == names
    assert rows(source) == [tuple(row) for row in table]
    assert source.counted() == 3


def test_only_a_header(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("user,event,time\n")
    source = one(path)
    assert source.schema.names == ["user", "event", "time"]
    assert rows(source) == []
    assert source.counted() == 0


def test_one_column(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('name\nkim\n""\nlee, the second\n')
    source = one(path)
    assert source.details["delimiter"] == "none, one column"
    assert rows(source) == [("kim",), ("",), ("lee, the second",)]


def test_stopping_early_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n" + "1,2\n" * 2_000_000)
    source = one(path)
    batches = source.batches()
    first = next(batches)
    assert 0 < first.num_rows < 2_000_000
    assert 0 < source.position() < (source.size or 0)
    batches.close()  # type: ignore[attr-defined]
    assert sum(batch.num_rows for batch in source.batches()) == 2_000_000
