"""From what people give (a path, a glob, a list, a table) to sources."""

from __future__ import annotations

import difflib
import glob
import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from dangol.core.errors import InputError

from .blobs import Blob, blobs_of
from .delimited import open_delimited
from .excel import open_excel
from .jsonlines import open_jsonlines
from .parquet import open_parquet
from .source import Options, Source, text_schema
from .tables import open_table
from .text import text_of
from .xes import open_xes

_PACKED: Final = {".gz", ".zip"}
_FOREIGN: Final = (  # first bytes of files that are often given and cannot be read
    (b"ARROW1", "an Arrow IPC file; open it with pyarrow.ipc and give the table"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; unpack it first"),
    (b"BZh", "compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ", "compressed with xz; unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"SQLite format 3", "an SQLite database; give a query result of it as a DataFrame"),
    (b"%PDF", "a PDF; give the data themselves"),
    (b"PARE", "an encrypted Parquet file; write it without encryption"),
)
_OLE: Final = b"\xd0\xcf\x11\xe0"
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_MARKUP: Final = re.compile(rb"\s*<(\?xml|!--|!doctype|log\b|html|table|meta)", re.IGNORECASE)
_LOG: Final = re.compile(rb"<([\w.-]+:)?log[\s>/]")
_OPTIONAL: Final = {"JSON lines", "XES"}  # formats in which a record may lack any column
Opener = Callable[[Blob, Options], Source]


def open_sources(
    source: object,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    sheet: str | int | None = None,
) -> list[Source]:
    """Open everything that ``source`` names, ready to be read in order.

    Formats are told apart by their first bytes, and by the file's name where those do not decide: CSV with any
    delimiter, Parquet, JSON lines, Excel, XES, each also inside gz or zip (every member is a source of its own).

    Args:
        source: a path, a glob pattern, a list of those, or any object with an Arrow C stream (pandas, polars, DuckDB,
            Ibis).
        encoding: of CSV and JSON lines; by default a byte-order mark decides, else UTF-8 or CP949, checked strictly.
        delimiter: of CSV: one character, or ``"whitespace"`` for runs of blanks; by default found in the first records.
        header: whether the first row of CSV or Excel names the columns; by default found out.
        sheet: of Excel: name, or number from 0; by default the first visible one.

    Returns:
        One source per file, member or table, in the order given; files of a glob by name.

    Conventions:
        All sources have the same columns, in any order. Files of JSON lines and XES, where a record may lack any
        column, get the columns of all of them.

    Raises:
        InputError: if something is missing, empty, damaged, in a mixed encoding, or has other columns than the first.
    """
    options = Options(encoding, delimiter, header, sheet)
    sources = [one for part in _listed(source) for one in _opened(part, options)]
    if not sources:
        raise InputError("no source was given; give a file, a glob such as 'data/*.csv', or a table")
    _share_columns([one for one in sources if one.format in _OPTIONAL])
    for one in sources[1:]:
        _same_columns(sources[0], one)
    return sources


def _listed(source: object) -> Sequence[object]:
    return source if isinstance(source, list | tuple) else [source]


def _opened(part: object, options: Options) -> list[Source]:
    if isinstance(part, str | os.PathLike):
        return [open_blob(blob, options) for path in _paths(os.fspath(part)) for blob in blobs_of(path)]
    if hasattr(part, "__arrow_c_stream__"):
        return [open_table(part, options)]
    raise InputError(
        f"a {type(part).__name__} cannot be read; give a path, a glob, or a table of pandas, polars, DuckDB or Arrow"
    )


# ---- files ----------------------------------------------------------------------------------------------------


def _paths(given: str | bytes) -> list[str]:
    """Return the files that a path or a glob names."""
    text = os.fsdecode(given)
    if _SCHEME.match(text):
        raise InputError(f"{text} is an address, not a file; download it, or read it into a table first")
    path = os.path.expanduser(text)
    if os.path.exists(path):
        return [_regular(path)]
    if not glob.has_magic(path):
        raise InputError(_missing(text))
    found = sorted(one for one in glob.glob(path, recursive=True) if not os.path.isdir(one))
    if not found:
        raise InputError(f"no file matches {text}; it was looked for from {os.getcwd()}")
    return [_regular(one) for one in found]


def _regular(path: str) -> str:
    if os.path.isdir(path):
        endings = sorted({Path(one).suffix for one in os.listdir(path)} - {""})
        pattern = os.path.join(path, f"*{endings[0] if endings else '.csv'}")
        raise InputError(f"{path} is a folder; give a file, or a glob such as {pattern!r}")
    if not os.path.isfile(path):
        raise InputError(f"{path} is no regular file and cannot be read twice; save its content to a file first")
    if os.path.getsize(path) == 0:
        raise InputError(f"{path} is empty (0 bytes); give a file with data")
    return path


def _missing(path: str) -> str:
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        return f"{path} does not exist, and neither does the folder {folder}; check the path from {os.getcwd()}"
    close = difflib.get_close_matches(os.path.basename(path), os.listdir(folder), n=1, cutoff=0.6)
    hint = (
        f"did you mean {os.path.join(os.path.dirname(path), close[0])}?" if close else f"it was looked for in {folder}"
    )
    return f"{path} does not exist; {hint}"


# ---- formats --------------------------------------------------------------------------------------------------


def open_blob(blob: Blob, options: Options) -> Source:
    """Open the bytes of one file with the reader of their format."""
    head = blob.head(1 << 16)
    if not head:
        raise InputError(f"{blob.name} is empty (0 bytes unpacked); give a file with data")
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            raise InputError(f"{blob.name} is {what}")
    return _opener(blob, head, options)(blob, options)


def _opener(blob: Blob, head: bytes, options: Options) -> Opener:
    ending = _ending(blob.name)
    if head.startswith(b"PAR1") or ending in (".parquet", ".pq"):
        return open_parquet
    if head.startswith((_OLE, b"PK\x03\x04")) or ending in (".xlsx", ".xlsm", ".xlsb", ".ods"):
        return open_excel
    start = next(text_of(blob, options.encoding).chunks(1 << 16), b"")
    if ending == ".xes" or _MARKUP.match(start):
        if _LOG.search(start) is None:
            raise InputError(f"{blob.name} is {_markup(start)} without an XES <log>; give CSV, Excel or XES")
        return open_xes
    if ending in (".jsonl", ".ndjson", ".json") or _is_object(start):
        if start.lstrip().startswith(b"["):
            raise InputError(f"{blob.name} is one JSON array; write one object per line, for example: jq -c '.[]' FILE")
        return open_jsonlines
    return open_delimited


def _ending(name: str) -> str:
    path = Path(name.lower())
    return path.with_suffix("").suffix if path.suffix in _PACKED else path.suffix


def _markup(start: bytes) -> str:
    return "a web page" if re.match(rb"\s*<(!doctype html|html|table|meta)", start, re.IGNORECASE) else "XML"


def _is_object(start: bytes) -> bool:
    """Tell whether the first line is a JSON object."""
    line = start.lstrip().split(b"\n", 1)[0]
    if not line.startswith(b"{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


# ---- several --------------------------------------------------------------------------------------------------


def _share_columns(sources: list[Source]) -> None:
    """Give every source the columns of all."""
    names: dict[str, Any] = dict.fromkeys(name for one in sources for name in one.schema.names)
    for one in sources:
        one.schema = text_schema(list(names))


def _same_columns(first: Source, other: Source) -> None:
    mine, theirs = set(first.schema.names), set(other.schema.names)
    if mine == theirs:
        return
    parts = []
    for what, names in (("lacks", mine - theirs), ("has in addition", theirs - mine)):
        if names:
            listed = ", ".join(repr(name) for name in sorted(names)[:8])
            more = f" and {len(names) - 8} more" if len(names) > 8 else ""
            parts.append(f"{what} {listed}{more}")
    raise InputError(
        f"{other.name} {' and '.join(parts)}, compared with {first.name}; files read together need the same columns"
    )
