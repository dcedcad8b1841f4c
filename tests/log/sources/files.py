"""Small files for the tests of the readers."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from dangol.core.errors import InputError
from dangol.log.sources import Source, open_sources

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"


def data(name: str) -> str:
    """Return the path of a real file, or skip the test where the optional folder of real data is absent."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"real data {name} is not in {DATA}")
    return str(path)


def one(path: object, **options: object) -> Source:
    """Open exactly one source."""
    (source,) = open_sources(path, **options)  # type: ignore[arg-type]
    return source


def rows(source: Source) -> list[tuple[object, ...]]:
    """Read all records."""
    found: list[tuple[object, ...]] = []
    for batch in source.batches():
        assert batch.schema == source.schema
        found.extend(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    return found


def read(path: object, **options: object) -> list[tuple[object, ...]]:
    """Open one source, read it, and check that every record counted was read or is a problem."""
    source = one(path, **options)
    found = rows(source)
    assert source.counted() == len(found) + len(source.problems)
    return found


def fails(path: object, *words: str, **options: object) -> str:
    """Check that opening or reading ends in one sentence that holds some words; return it."""
    with pytest.raises(InputError) as caught:
        read(path, **options)
    text = str(caught.value)
    for word in words:
        assert word in text, text
    assert "\n" not in text
    return text


Cell = str | int | float | bool | None | tuple[float, int]  # a pair is a number with a style: 1 date, 2 date and time


def xlsx(path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]], hidden: Sequence[str] = ()) -> Path:
    """Write a workbook by hand; text goes to the shared strings."""
    shared: list[str] = []
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("[Content_Types].xml", _TYPES)
        listed = "".join(
            f'<sheet name="{escape(name)}" sheetId="{at}" r:id="rId{at}" '
            f'state="{"hidden" if name in hidden else "visible"}"/>'
            for at, name in enumerate(sheets, 1)
        )
        book.writestr("xl/workbook.xml", f"<workbook {_MAIN} {_REL}><sheets>{listed}</sheets></workbook>")
        targets = "".join(
            f'<Relationship Id="rId{at}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{at}.xml"/>'
            for at in range(1, len(sheets) + 1)
        )
        extra = (
            f'<Relationship Id="rId98" Type="{_OFFICE}/styles" Target="styles.xml"/>'
            f'<Relationship Id="rId99" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        )
        book.writestr("xl/_rels/workbook.xml.rels", f"<Relationships {_PACKAGE}>{targets}{extra}</Relationships>")
        book.writestr("_rels/.rels", _ROOT)
        book.writestr("xl/styles.xml", _STYLES)
        for at, table in enumerate(sheets.values(), 1):
            book.writestr(f"xl/worksheets/sheet{at}.xml", _sheet(table, shared))
        strings = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in shared)
        book.writestr("xl/sharedStrings.xml", f"<sst {_MAIN}>{strings}</sst>")
    return path


def _sheet(table: Sequence[Sequence[Cell]], shared: list[str]) -> str:
    lines = []
    for number, row in enumerate(table, 1):
        cells = "".join(_cell(f"{chr(65 + at)}{number}", cell, shared) for at, cell in enumerate(row))
        lines.append(f'<row r="{number}">{cells}</row>')
    return f"<worksheet {_MAIN}><sheetData>{''.join(lines)}</sheetData></worksheet>"


def _cell(place: str, cell: Cell, shared: list[str]) -> str:
    if cell is None:
        return f'<c r="{place}" s="1"/>'  # a format without a value
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, tuple):
        return f'<c r="{place}" s="{cell[1]}"><v>{cell[0]}</v></c>'
    if isinstance(cell, str):
        shared.append(cell)
        return f'<c r="{place}" t="s"><v>{len(shared) - 1}</v></c>'
    return f'<c r="{place}"><v>{cell!r}</v></c>'


_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_REL = f'xmlns:r="{_OFFICE}"'
_PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
_ROOT = (
    f'<Relationships {_PACKAGE}><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>"
)
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_STYLES = (
    f'<styleSheet {_MAIN}><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="46"/>'
    "</cellXfs></styleSheet>"
)
