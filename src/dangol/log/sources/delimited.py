"""CSV and its relatives: every column as text, as it stands in the file.

One read of the bytes checks the encoding and counts the records; it also notes between which records the text can be
cut. The next read cuts there and parses piece by piece, so memory stays small, the number of every record is known, and
what the parser found in a piece is compared with the count.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError
from dangol.kernels import records

from .blobs import Blob, Meter
from .delimiter import RUNS, Head, checked, head_of, label, squeezed
from .header import column_names
from .source import Options, RowProblem, Source, shown, text_schema
from .text import Text, settled, text_of

if TYPE_CHECKING:
    import pyarrow as pa

_NONE: Final = np.empty(0, np.int64)
_PIECE: Final = 4 << 20  # bytes parsed together: larger ones leave the cache, smaller ones cost more calls
_LONGEST: Final = 1 << 30  # bytes of one record


@dataclass
class Counter:
    """Counts the records of a text chunk by chunk, without the parser.

    Attributes:
        cuts: places between records: (offset, records before it).
    """

    delimiter: str
    state: npt.NDArray[np.int64] = field(default_factory=records.new_state)
    cuts: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.runs = self.delimiter == RUNS
        self.stop = records.stops(None if self.runs else self.delimiter.encode())

    def look(self, chunk: bytes) -> None:
        """Count on."""
        records.scan(np.frombuffer(chunk, np.uint8), self.stop, self.runs, self.state, _NONE, _NONE)
        if self.start - (self.cuts[-1][0] if self.cuts else 0) >= _PIECE:
            self.cuts.append((self.start, self.found))

    def finish(self) -> None:
        """End the last line."""
        self.look(b"\n")
        self.cuts.append((self.start, self.found))

    @property
    def start(self) -> int:
        """Where the record begins that is not finished."""
        return int(self.state[records.START])

    @property
    def found(self) -> int:
        """Records so far, a header included."""
        return int(self.state[records.RECORDS])

    @property
    def longest(self) -> int:
        """Bytes of the longest record."""
        return int(self.state[records.LONGEST])


@dataclass(frozen=True)
class Layout:
    """How a text is to be read: the columns, the delimiter, and the pieces of whole records."""

    text: Text
    names: list[str]
    delimiter: str
    header: int  # 1 if the first record is one
    skip: int  # bytes of the header
    cuts: list[tuple[int, int]]

    def pieces(self, meter: Meter) -> Iterator[tuple[bytes | bytearray, int, int]]:
        """Yield pieces of whole records as UTF-8, without the header, and the records before each and up to its end."""
        held, begin, before = bytearray(), 0, 0
        cuts = iter(self.cuts)
        end, after = next(cuts)
        with closing(self.text.chunks(meter=meter)) as chunks:
            for chunk in itertools.chain(chunks, [b"\n"]):  # the last line is ended, as it was when it was counted
                held += chunk
                while len(held) >= end - begin:
                    skip = self.skip if begin == 0 else 0
                    piece = self.text.utf8(held[skip : end - begin])
                    yield piece, max(before - self.header, 0), after - self.header
                    del held[: end - begin]
                    begin, before = end, after
                    end, after = next(cuts, (sys.maxsize, 0))
        if held or end != sys.maxsize:
            raise _changed(self.text.blob.name)


def _changed(name: str) -> InputError:
    return InputError(f"{name} is not what it was when its records were counted; read it when nothing writes to it")


def open_delimited(blob: Blob, options: Options) -> Source:
    """Open a CSV file: find out encoding, delimiter and header, count the records, all in one read of the bytes."""
    options.only(blob.name, "CSV", "encoding", "delimiter", "header")
    text = text_of(blob, options.encoding)
    first = head_of(text, checked(options.delimiter))
    counter = Counter(first.delimiter)
    text = settled(text, counter.look)
    counter.finish()
    _check(text, counter)
    head = head_of(text, first.delimiter)
    if not len(head.ends):
        raise InputError(
            f"the first record of {blob.name} is too long to be read; check the delimiter and the line ends"
        )
    names, has_header = _names(head, text.stream_codec, options.header, blob.name)
    skip = int(head.ends[0]) if has_header else 0
    layout = Layout(text, names, head.delimiter, int(has_header), skip, counter.cuts)
    return _source(layout, counter.found - has_header)


def _check(text: Text, counter: Counter) -> None:
    name = text.blob.name
    if records.in_quotes(counter.state):
        raise InputError(
            f"the record that begins on line {_line(text, counter.start)} of {name} opens a quote that "
            "never closes; close or remove it"
        )
    if counter.found == 0:
        raise InputError(f"{name} holds no record, only blank lines; give a file with data")
    if counter.longest > _LONGEST:
        raise InputError(
            f"{name} has a record of {counter.longest:,} bytes, too long to read; look for a quote that closes late"
        )


def _line(text: Text, offset: int) -> int:
    """Return the number of the line that begins at an offset."""
    before = feeds = 0
    for chunk in text.chunks():
        feeds += chunk[: max(0, offset - before)].count(b"\n")
        before += len(chunk)
    return feeds + 1


def _names(head: Head, codec: str, header: bool | None, name: str) -> tuple[list[str], bool]:
    """Name the columns by the first records."""
    rows = head.rows(50, codec)
    below = head.widths[1:]
    if header is False or not len(below):
        return column_names(rows, head.usual, header, name)
    first = int(head.widths[0])
    all_differ = len(below) > 1 and bool((below == below[0]).all()) and int(below[0]) != first
    width = int(below[0]) if all_differ else first
    if head.delimiter == RUNS and all_differ and width == first + 1:
        rows[0].insert(0, "")  # R writes the names of the rows without a header
    names, has_header = column_names(rows, width, header, name)
    return (names, True) if has_header else column_names(rows, head.usual, False, name)


def _source(layout: Layout, count: int) -> Source:
    blob, width = layout.text.blob, len(layout.names)
    columns = "column_1" if width == 1 else f"column_1 to column_{width}"
    details = {
        "encoding": layout.text.label,
        "delimiter": "none, one column" if width == 1 else label(layout.delimiter),
        "header": "first row" if layout.header else f"none, columns are named {columns}",
        "compression": blob.compression,
    }
    meter, problems = Meter(), list[RowProblem]()
    return Source(
        name=blob.name,
        format="CSV",
        details=details,
        schema=text_schema(layout.names),
        batches=lambda: _batches(layout, meter, problems),
        problems=problems,
        counted=lambda: count,
        size=blob.size,
        position=lambda: meter.consumed,
    )


def _batches(layout: Layout, meter: Meter, problems: list[RowProblem]) -> Iterator[pa.RecordBatch]:
    """Parse the pieces one after another."""
    meter.consumed = 0
    problems.clear()
    schema = text_schema(layout.names)
    for piece, before, after in layout.pieces(meter):
        if after > before:
            known = len(problems)
            batch = _parsed(layout, piece, schema, before, problems)
            if batch.num_rows + len(problems) - known != after - before:
                raise _changed(layout.text.blob.name)
            yield batch


def _parsed(
    layout: Layout, piece: bytes | bytearray, schema: pa.Schema, before: int, problems: list[RowProblem]
) -> pa.RecordBatch:
    """Parse whole records in the calling thread, which keeps their order and their numbers."""
    import pyarrow as pa
    from pyarrow import csv

    name, runs = layout.text.blob.name, layout.delimiter == RUNS

    def ragged(row: Any) -> str:
        reason = f"expected {row.expected_columns} fields, found {row.actual_columns}"
        problems.append(RowProblem(name, before + row.number, None, shown(row.text), reason))
        return "skip"

    data = squeezed(piece) if runs else piece
    try:
        table = csv.read_csv(
            pa.BufferReader(data),
            csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=layout.names),
            csv.ParseOptions(delimiter=" " if runs else layout.delimiter, invalid_row_handler=ragged),
            csv.ConvertOptions(check_utf8=False, column_types=schema, strings_can_be_null=False),
        )
    except pa.ArrowInvalid as error:
        raise InputError(f"{name} cannot be read as CSV: {error}") from None
    return pa.RecordBatch.from_arrays([column.combine_chunks() for column in table.columns], schema=schema)
