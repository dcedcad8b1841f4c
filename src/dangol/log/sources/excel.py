"""Excel and OpenDocument sheets: every cell as text, dates as ISO."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from dangol.core.errors import InputError, unknown

from .blobs import CHUNK, Blob
from .header import column_names
from .markup import Handler, parse
from .source import Options, Source, text_schema

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH: Final = 16_384  # rows
Grid = list[list[str]]


def open_excel(blob: Blob, options: Options) -> Source:
    """Open one sheet. It is held in memory; a sheet has at most 1,048,576 rows."""
    options.only(blob.name, "Excel", "header", "sheet")
    sheet, names_of_sheets, values = _sheet(blob, options.sheet)
    grid = _grid(values)
    if not grid:
        raise InputError(f"sheet {sheet!r} of {blob.name} is empty; choose another with sheet=")
    names, has_header = _names(grid, options.header, f"sheet {sheet!r} of {blob.name}")
    rows = grid[has_header:]
    schema, position = text_schema(names), [0]
    return Source(
        name=blob.name,
        format="Excel",
        details={
            "sheet": sheet if len(names_of_sheets) == 1 else f"{sheet} (one of {len(names_of_sheets)})",
            "header": "first row" if has_header else f"none, columns are named column_1 to column_{len(names)}",
            "compression": blob.compression,
        },
        schema=schema,
        batches=lambda: _batches(rows, schema, position, blob.size),
        counted=lambda: _counted(blob, sheet, has_header),
        size=blob.size,
        position=lambda: position[0],
    )


def _sheet(blob: Blob, wanted: str | int | None) -> tuple[str, list[str], list[list[Any]]]:
    """Read the cells of the chosen sheet, by default the first that is not hidden."""
    import python_calamine as calamine

    try:
        with blob.seekable() as file:
            book = calamine.load_workbook(file)
            known = [one for one in book.sheets_metadata if one.typ == calamine.SheetTypeEnum.WorkSheet]
            visible = [one.name for one in known if one.visible == calamine.SheetVisibleEnum.Visible]
            names = [one.name for one in known]
            name = _chosen(wanted, names, visible or names, blob.name)
            return name, names, book.get_sheet_by_name(name).to_python(skip_empty_area=True)
    except calamine.PasswordError:
        raise InputError(f"{blob.name} is protected by a password; save it without one") from None
    except calamine.CalamineError as error:
        raise InputError(f"{blob.name} cannot be read as Excel ({error}); save it again, or export it as CSV") from None


def _chosen(wanted: str | int | None, names: list[str], visible: list[str], file: str) -> str:
    if not names:
        raise InputError(f"{file} has no sheet with cells")
    if wanted is None:
        return visible[0]
    if isinstance(wanted, str):
        if wanted not in names:
            raise unknown("sheet", wanted, names, where=file)
        return wanted
    if isinstance(wanted, bool) or not 0 <= wanted < len(names):
        raise InputError(f"sheet={wanted!r} does not exist: {file} has {len(names)} sheets, 0 to {len(names) - 1}")
    return names[wanted]


def _grid(values: Iterable[Sequence[Any]]) -> Grid:
    """Write the cells as text, leaving out blank rows and columns."""
    rows = [list(row) for row in values if any(cell != "" for cell in row)]
    columns = [_column(cells) for cells in zip(*rows, strict=True)]
    return [list(row) for row in zip(*(column for column in columns if any(column)), strict=True)]


def _column(cells: Sequence[Any]) -> list[str]:
    """Write the cells of one column; where some have a time of day, the dates get one too, so that all look alike."""
    timed = any(isinstance(cell, dt.datetime) for cell in cells)
    return [_text(cell, timed) for cell in cells]


def _text(cell: Any, timed: bool) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.timedelta):
        minutes, seconds = divmod(cell.total_seconds(), 60)
        return f"{int(minutes) // 60}:{int(minutes) % 60:02d}:{seconds:02.0f}"
    if timed and type(cell) is dt.date:
        return f"{cell.isoformat()} 00:00:00"
    return cell.isoformat(sep=" ") if isinstance(cell, dt.datetime) else str(cell)


def _names(grid: Grid, header: bool | None, name: str) -> tuple[list[str], bool]:
    filled = [sum(cell != "" for cell in row) for row in grid[:50]]
    if header is not False and len(filled) > 2 and filled[0] == 1 and min(filled[1:]) > 2:
        raise InputError(
            f"the first row of {name} has a single cell, like a title, where others have {min(filled[1:])} or more; "
            "delete it, or pass header=False if it is data"
        )
    return column_names(grid[:50], len(grid[0]), header, name)


def _batches(rows: Grid, schema: pa.Schema, position: list[int], size: int) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    for at in range(0, len(rows), _BATCH):
        part = rows[at : at + _BATCH]
        position[0] = size * (at + len(part)) // len(rows)
        columns = [pa.array(column, pa.string()) for column in zip(*part, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _counted(blob: Blob, sheet: str, has_header: bool) -> int | None:
    """Count the rows that hold anything by the XML of the workbook; other formats than xlsx are not counted."""
    with blob.seekable() as file:
        if not zipfile.is_zipfile(file):
            return None
        with zipfile.ZipFile(file) as book:
            part = _part(book, sheet, blob.name)
            return None if part is None else _filled_rows(book, part, blob.name) - has_header


def _part(book: zipfile.ZipFile, sheet: str, name: str) -> str | None:
    """Find the file of a sheet inside an xlsx."""
    if "xl/workbook.xml" not in book.namelist():
        return None
    links = _Links()
    for part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        _walk(book, part, name, links)
    target = links.targets[links.sheets[sheet]]
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _filled_rows(book: zipfile.ZipFile, part: str, name: str) -> int:
    strings = _Strings()
    if "xl/sharedStrings.xml" in book.namelist():
        _walk(book, "xl/sharedStrings.xml", name, strings)
    rows = _Rows(strings.empty)
    _walk(book, part, name, rows)
    return rows.filled


def _walk(book: zipfile.ZipFile, part: str, name: str, handler: Handler) -> None:
    with book.open(part) as file:
        for _ in parse(iter(lambda: file.read(CHUNK), b""), name, handler):
            pass


class _Links:
    """The id of each sheet, and the file of each id."""

    def __init__(self) -> None:
        self.sheets: dict[str, str] = {}
        self.targets: dict[str, str] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Note a sheet or a file; the namespace prefix of ``id`` may be any."""
        if tag == "sheet":
            ids = [value for key, value in attributes.items() if key.rpartition(":")[2] == "id"]
            self.sheets[attributes.get("name", "")] = ids[0]
        elif tag == "Relationship":
            self.targets[attributes["Id"]] = attributes["Target"]

    def text(self, words: str) -> None:
        """Carries nothing."""

    def end(self, tag: str) -> None:
        """Says nothing new."""


class _Strings:
    """The numbers of the shared strings without a character."""

    def __init__(self) -> None:
        self.empty: set[int] = set()
        self._number = 0
        self._inside = self._some = False

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        """A string, or a run of its characters, begins."""
        if tag == "si":
            self._some = False
        self._inside = tag == "t"

    def text(self, _words: str) -> None:
        """Characters of a string."""
        self._some = self._some or self._inside

    def end(self, tag: str) -> None:
        """A string ends."""
        self._inside = False
        if tag == "si":
            if not self._some:
                self.empty.add(self._number)
            self._number += 1


class _Rows:
    """The number of rows with a cell that is not empty."""

    def __init__(self, empty: set[int]) -> None:
        self.filled = 0
        self._empty = empty
        self._kind = self._value = ""
        self._some = self._inside = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A cell, or its value, begins."""
        if tag == "c":
            self._kind, self._value = attributes.get("t", "n"), ""
        self._inside = tag in ("v", "t")

    def text(self, words: str) -> None:
        """Characters of a value."""
        if self._inside:
            self._value += words

    def end(self, tag: str) -> None:
        """A cell or a row ends."""
        self._inside = False
        if tag == "c":
            some = bool(self._value) and not (self._kind == "s" and int(self._value) in self._empty)
            self._some = self._some or some
        elif tag == "row":
            self.filled += self._some
            self._some = False
