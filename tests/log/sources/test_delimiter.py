"""Delimiters and headers are found as a person would find them."""

from __future__ import annotations

from pathlib import Path

import pytest

from .files import fails, one, read


@pytest.mark.parametrize(
    ("text", "label", "expected"),
    [
        ("a,b\n1,2\n3,4\n", "comma (,)", [("1", "2"), ("3", "4")]),
        ("a;b\n1,5;2\n3,5;4\n", "semicolon (;)", [("1,5", "2"), ("3,5", "4")]),
        ("1,5;2,5\n3,5;4,5\n", "semicolon (;)", [("1,5", "2,5"), ("3,5", "4,5")]),  # decimal commas, no header
        ("a\tb c\n1\t2 3\n", "tab", [("1", "2 3")]),
        ("a|b\n1,0|2\n", "pipe (|)", [("1,0", "2")]),
        ('a,b\n"x;y;z",1\n"p;q;r",2\n', "comma (,)", [("x;y;z", "1"), ("p;q;r", "2")]),
        ('u1,"a;b",1\nu2,"c;d",2\n', "comma (,)", [("u1", "a;b", "1"), ("u2", "c;d", "2")]),
        ("user,note\nu1,one two\nu2,three four\n", "comma (,)", [("u1", "one two"), ("u2", "three four")]),
        ("2024-01-01 10:00:00 GMT,5\n2024-01-02 11:00:00 GMT,6\n", "comma (,)", None),
        ("  x   y\n 1  2\n10 20\n", "runs of blanks", [("1", "2"), ("10", "20")]),
        ("x  y\n1 2\n3\t4\n", "runs of blanks", [("1", "2"), ("3", "4")]),
        ('u "two words" 3\nv x 4\n', "runs of blanks", [("u", "two words", "3"), ("v", "x", "4")]),
        (
            "time\n2024-01-01 10:00\n2024-01-02 11:00\n",
            "none, one column",
            [("2024-01-01 10:00",), ("2024-01-02 11:00",)],
        ),
        ("comment\nyes, I do\nno\nwell, well, well\n", "none, one column", None),
    ],
)
def test_delimiter_is_found(tmp_path: Path, text: str, label: str, expected: list[tuple[str, ...]] | None) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    assert one(path).details["delimiter"] == label
    if expected is not None:
        assert read(path)[: len(expected)] == expected


def test_delimiter_given(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a;b,c\n1;2,3\n")
    assert one(path, delimiter=";").schema.names == ["a", "b,c"]
    assert one(path, delimiter=",").schema.names == ["a;b", "c"]
    path.write_text("a~b\n1~2\n")
    assert read(path, delimiter="~") == [("1", "2")]
    path.write_text("a\tb\n1\t2\n")
    assert read(path, delimiter="\\t") == read(path, delimiter="tab") == read(path, delimiter="\t") == [("1", "2")]
    path.write_text("a  b\n1  2\n")
    assert read(path, delimiter="whitespace") == [("1", "2")]
    assert read(path, delimiter=" ", header=False) == [("a", "", "b"), ("1", "", "2")]
    for wrong in ("", "::", '"', "\n", "x", "가"):
        fails(path, "delimiter=", "cannot be used", delimiter=wrong)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("user,event\nu1,view\n", ["user", "event"]),
        (",user,,event\n0,u1,x,view\n", ["column_1", "user", "column_3", "event"]),  # an index without a name
        (" user , event \nu1,view\n", ["user", "event"]),
        ("1,2\n3,4\n", None),
        ("u1,2024-01-01\nu2,2024-01-02\n", None),
        ("u1,08:30\nu2,09:30\n", None),
        ("u1,9 Dec 2011\nu2,10 Dec 2011\n", None),
        ("u1,2024년 1월\nu2,2024년 2월\n", None),
        ("view,view\ncart,view\n", None),  # a name twice and nothing but words below
        (",\na,b\n", None),
        ("Q1,Q2\nA,B\n", ["Q1", "Q2"]),
        ("user,event\n", ["user", "event"]),
        ("\n\nuser,event\n\nu,v\n", ["user", "event"]),
    ],
)
def test_header_is_found(tmp_path: Path, text: str, names: list[str] | None) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    source = one(path)
    width = len(source.schema)
    assert source.schema.names == (names or [f"column_{at}" for at in range(1, width + 1)])
    assert source.details["header"] == ("first row" if names else f"none, columns are named column_1 to column_{width}")
    assert len(read(path)) == sum(bool(line) for line in text.split("\n")) - bool(names)


def test_header_given(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("user,event\nu1,view\n")
    assert read(path, header=False) == [("user", "event"), ("u1", "view")]
    path.write_text("2023,2024\n1,2\n")
    assert one(path, header=True).schema.names == ["2023", "2024"]
    assert read(path, header=True) == [("1", "2")]
    path.write_text('"two\nlines","a,b"\n1,2\n')
    assert one(path).schema.names == ["two\nlines", "a,b"]
    assert read(path) == [("1", "2")]


def test_names_that_appear_twice(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("user,event,event\nu1,view,3\n")
    fails(path, "the header of", "'event' more than once")  # the number below shows that it is a header
    path.write_text("a,a,b,b,c\nx,y,z,v,w\n")
    fails(path, "'a', 'b' more than once", header=True)
    path.write_text("column_2,\nx,y\n")
    fails(path, "'column_2' more than once", header=True)


def test_a_title_above_the_header(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("Sales of 2024\nuser,event\nu1,view\nu2,view\n")
    fails(path, "the first row of", "has 1 field where the rows below have 2", "header=False")
    source = one(path, header=False)
    assert source.schema.names == ["column_1", "column_2"]
    assert len(list(source.batches())) == 1
    assert source.problems[0].row == 1


def test_row_names_as_r_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text('"x" "y"\n"1" 4 53\n"2" 5 63\n')
    source = one(path)
    assert source.schema.names == ["column_1", "x", "y"]
    assert read(path) == [("1", "4", "53"), ("2", "5", "63")]


def test_headerless_width_is_that_of_most_rows(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("1,2,3\n4,5\n6,7\n8,9\n")
    source = one(path)
    assert source.schema.names == ["column_1", "column_2"]
    assert len(read(path)) == 3
