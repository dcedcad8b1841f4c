"""``Source``: what every reader gives, whatever the format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dangol.core.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN: Final = 200  # characters of a value that an error shows


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A record that the reader cannot turn into a row: ragged, or not valid in its format.

    Attributes:
        file: the source's name.
        row: number of the record within the file, from 1; a header is not counted, nor are blank lines.
        column: where known.
        value: the raw text, cut to 200 characters.
        reason: for example "expected 8 fields, found 9".
    """

    file: str
    row: int
    column: str | None
    value: str
    reason: str


@dataclass(kw_only=True)
class Source:
    """Records that can be read as batches of columns.

    Attributes:
        name: what people call it: the path as given, or "DataFrame", "Arrow table".
        format: "CSV", "Parquet", "JSON lines", "Excel", "XES" or "Arrow".
        details: what was found or chosen, for the load report: encoding, delimiter, header, sheet, compression.
        schema: the columns in order. Text formats hold text as it stands in the file; typed formats their own types.
        batches: gives the records in file order, without those in ``problems``; a second call starts again where
            ``rewindable``.
        rewindable: whether the records can be read more than once.
        problems: filled while ``batches()`` runs, in file order.
        counted: number of records in the file, those with problems included, counted without the reader; None where
            that is impossible (a stream, an old Excel format).
        parquet_path: set for a plain Parquet file, which an engine may scan by itself.
        size: bytes on disk, None for tables in memory.
        position: bytes of ``size`` consumed so far.
    """

    name: str
    format: str
    details: Mapping[str, str]
    schema: pa.Schema
    batches: Callable[[], Iterator[pa.RecordBatch]]
    rewindable: bool = True
    problems: list[RowProblem] = field(default_factory=list)
    counted: Callable[[], int | None]
    parquet_path: str | None = None
    size: int | None
    position: Callable[[], int]


@dataclass(frozen=True)
class Options:
    """What the caller decided about the files, None where the reader is to find out."""

    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    sheet: str | int | None = None

    def only(self, name: str, kind: str, *allowed: str) -> None:
        """Raise if an option was given that means nothing for this kind of source."""
        given = [option for option in ("encoding", "delimiter", "header", "sheet") if getattr(self, option) is not None]
        for option in given:
            if option not in allowed:
                can = " and ".join(f"{one}=" for one in allowed) or "no such option"
                raise InputError(f"{option}= does not apply to {name}, which is read as {kind}; {kind} takes {can}")


def text_schema(names: list[str]) -> pa.Schema:
    """Return the schema of columns that all hold text."""
    import pyarrow as pa

    return pa.schema([pa.field(name, pa.string()) for name in names])


def shown(value: str) -> str:
    """Cut a value to what an error shows."""
    return value if len(value) <= SHOWN else value[:SHOWN]
