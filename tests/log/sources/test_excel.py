"""Excel: cells as text, dates as ISO, rows counted by the workbook's own XML."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from .files import data, fails, one, read, rows, xlsx

# Excel's day 45292 is 2024-01-01 (DATE(2024,1,1) in any Excel); half a day is noon.


def test_cells_by_hand(tmp_path: Path) -> None:
    path = xlsx(
        tmp_path / "x.xlsx",
        {
            "s": [
                ["user", "n", "day", "moment", "flag", "time"],
                ["007", 3, (45292, 1), (45292.5, 2), True, (1.25, 3)],
                ["NA", 2.5, (45293, 1), (45293, 2), False, (0.5, 3)],
                [" 가 ", 1e14, (45294, 1), (45294.25, 2), True, (0.0, 3)],
                ["", -0.5, None, None, None, None],
            ]
        },
    )
    source = one(path)
    assert source.schema.names == ["user", "n", "day", "moment", "flag", "time"]
    assert source.details == {"sheet": "s", "header": "first row", "compression": "none"}
    found = rows(source)
    assert found[0] == ("007", "3", "2024-01-01", "2024-01-01 12:00:00", "TRUE", "30:00:00")
    assert found[1] == ("NA", "2.5", "2024-01-02", "2024-01-02 00:00:00", "FALSE", "12:00:00")
    assert found[2][:4] == (" 가 ", "100000000000000", "2024-01-03", "2024-01-03 06:00:00")
    assert found[3] == ("", "-0.5", "", "", "", "")
    assert source.counted() == 4


def test_blank_rows_and_columns(tmp_path: Path) -> None:
    path = xlsx(
        tmp_path / "x.xlsx",
        {
            "s": [
                [],
                [None, None, None],
                [None, "user", None, "n"],
                [None, None, None, None],
                [None, "u", "", 1],
                [None, ""],
                [None, "v"],
            ]
        },
    )
    assert one(path).schema.names == ["user", "n"]
    assert read(path) == [("u", "1"), ("v", "")]


def test_header(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "x.xlsx", {"s": [["u1", (45292, 1)], ["u2", (45293, 1)]]})
    assert one(path).schema.names == ["column_1", "column_2"]
    assert read(path) == [("u1", "2024-01-01"), ("u2", "2024-01-02")]
    path = xlsx(tmp_path / "x.xlsx", {"s": [["a", "b"], ["c", "d"]]})
    assert read(path) == [("c", "d")]
    assert read(path, header=False) == [("a", "b"), ("c", "d")]
    path = xlsx(tmp_path / "x.xlsx", {"s": [["a", "a"], ["c", 1]]})
    fails(path, "the header of sheet 's'", "'a' more than once")
    path = xlsx(tmp_path / "x.xlsx", {"s": [["Sales"], ["a", "b", "c"], ["d", "e", 1]]})
    fails(path, "single cell, like a title")


def test_sheets(tmp_path: Path) -> None:
    path = xlsx(
        tmp_path / "x.xlsx",
        {"notes": [["x"], ["1"]], "Orders": [["user"], ["u1"]], "주문": [["user"], ["u2"], ["u3"]]},
        hidden=["notes"],
    )
    source = one(path)
    assert source.details["sheet"] == "Orders (one of 3)"
    assert read(path) == [("u1",)]
    assert read(path, sheet="주문") == read(path, sheet=2) == [("u2",), ("u3",)]
    assert read(path, sheet="notes") == read(path, sheet=0) == [("1",)]
    fails(path, "sheet 'order'", "did you mean 'Orders'?", sheet="order")
    fails(path, "sheet=3 does not exist", "has 3 sheets, 0 to 2", sheet=3)
    fails(path, "delimiter= does not apply", "Excel takes header= and sheet=", delimiter=",")
    fails(xlsx(tmp_path / "y.xlsx", {"s": []}), "sheet 's' of", "is empty")


def test_damaged_workbooks(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "x.xlsx", {"s": [["user"], ["u1"]]})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    fails(path, str(path))
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    fails(path, "cannot be read as Excel")
    path.write_text("user,event\nu,v\n")
    fails(path, "cannot be read as Excel")


def test_open_document_sheets_are_read_but_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.ods"
    rows_of_cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row
        )
        + "</table:table-row>"
        for row in (("user", "event"), ("u1", "view"))
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f"<office:document-content {spaces}><office:body><office:spreadsheet>"
        f'<table:table table:name="s">{rows_of_cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("META-INF/manifest.xml", "<manifest/>")
        book.writestr("content.xml", content)
    source = one(path)
    assert rows(source) == [("u1", "view")]
    assert source.counted() is None


def test_names_lie(tmp_path: Path) -> None:
    """Many programs call their web pages and their text .xls."""
    path = tmp_path / "x.xls"
    path.write_text("<html><table><tr><td>1</td></tr></table></html>")
    fails(path, "is a web page")
    path.write_text("user\tevent\nu1\tview\n")
    assert read(path) == [("u1", "view")]


def test_real_workbook_equals_its_csv() -> None:
    """The same 2,700 rows (README of the data) as CSV and as Excel, where an index stands in front."""
    book = one(data("telecom_seoul/by_month.xlsx"))
    table = one(data("telecom_seoul/by_month.csv"))
    cells, lines = rows(book), rows(table)
    assert len(cells) == book.counted() == 2_700
    assert book.schema.names[1:] == table.schema.names
    for cell, line in zip(cells, lines, strict=True):
        assert cell[1:3] == line[:2]
        assert [float(str(one)) for one in cell[3:]] == pytest.approx([float(str(one)) for one in line[2:]])
