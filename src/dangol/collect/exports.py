"""Exports as tables: CSV in UTF-8 or CP949, Parquet, JSON and JSON lines; ids stay text, counts are checked."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dangol.core.errors import InputError, unknown

if TYPE_CHECKING:
    import pandas as pd

_NUMBER: Final = r"-?(0|[1-9]\d{0,14})(\.\d+)?([eE][+-]?\d{1,2})?"  # 007 and 20-digit ids stay text
_DELIMITERS: Final = (",", "\t", ";")
_POST_IDS: Final = ("post_id", "id")
_FOREIGN: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")  # Excel or zip, old Excel, gz


@dataclass(frozen=True)
class Export:
    """One export: its name for messages, its table, and how many of its rows were set aside.

    Attributes:
        name: the file, or what the table is.
        table: the rows with an account and without repeats; the accounts are text without spaces around them.
        rows: the rows that the export held.
        nameless: rows without an account.
        duplicate: rows that repeat another row in every column.
    """

    name: str
    table: pd.DataFrame
    rows: int
    nameless: int
    duplicate: int


def read_exports(given: object, account: str, what: str) -> list[Export]:
    """Read one export or several, the oldest first.

    Args:
        given: a path, an object with an Arrow C stream (a DataFrame or table), or a sequence of these.
        account: the column that names the account.
        what: what they are, for messages and for tables without a file: profiles or posts.

    Raises:
        InputError: for what cannot be read as a table, and a table without the account's column or without rows.
    """
    several = list(given) if isinstance(given, list | tuple) else [given]
    if not several:
        raise InputError(f"{what} is an empty list; give at least one export")
    return [_export(one, account, what) for one in several]


def _export(given: object, account: str, what: str) -> Export:
    name = (Path(given).name or str(given)) if isinstance(given, str | os.PathLike) else f"the table of {what}"
    table = read_table(given, name, text=(account,))
    if account not in table.columns:
        raise unknown("column", account, map(str, table.columns), where=name)
    if not len(table):
        raise InputError(f"{name} holds no rows; give an export with at least one {account}")
    names = _texts(table[account], account, name).str.strip()
    named = names.notna() & (names != "")
    whole = table.assign(**{account: names})[named]
    kept = whole.drop_duplicates() if what == "profiles" or _tells_rows_apart(whole, account) else whole
    return Export(name, kept.reset_index(drop=True), len(table), int((~named).sum()), len(whole) - len(kept))


def _tells_rows_apart(posts: pd.DataFrame, account: str) -> bool:
    """Whether equal rows are one row given twice; two posts without ids may well have the same counts."""
    return bool(post_id(posts, account)) or any(name.endswith("_love") for name in posts.columns)


def post_id(posts: pd.DataFrame, account: str) -> str:
    """The column that names each post; empty without one."""
    return next((name for name in _POST_IDS if name in posts.columns and name != account), "")


def _texts(column: pd.Series[Any], account: str, name: str) -> pd.Series[str]:
    if column.dtype.kind == "f" and column.notna().any():
        raise InputError(f"column {account!r} of {name} holds decimal numbers; give the accounts as text")
    return column.astype("str")


def read_table(given: object, name: str, *, text: Sequence[str] = ()) -> pd.DataFrame:
    """Read a file or table; columns of a CSV that hold plain numbers and nothing else become numbers.

    Args:
        given: a path, or an object with an Arrow C stream.
        name: what messages call it.
        text: columns that stay as they were written, whatever they look like.

    Raises:
        InputError: if it cannot be read.
    """
    import pandas as pd
    import pyarrow as pa

    try:
        if isinstance(given, str | os.PathLike):
            table = _of_bytes(Path(given).read_bytes(), name, text)
        elif isinstance(given, pd.DataFrame):
            table = given.reset_index(drop=True)
        elif hasattr(given, "__arrow_c_stream__"):
            table = pa.table(given).to_pandas()
        else:
            raise InputError(f"{name} must be a path or a table, found {type(given).__name__}")
    except OSError as problem:
        raise InputError(f"{name} cannot be read: {problem.strerror or problem}") from problem
    except (pa.ArrowException, UnicodeDecodeError, ValueError, TypeError, RecursionError) as problem:
        raise InputError(f"{name} cannot be read as a table: {_first_line(problem)}") from problem
    table.columns = _checked(table.columns, name)
    if nested := next((column for column in table.columns if _is_nested(table[column])), None):
        raise InputError(
            f"column {nested!r} of {name} holds lists or objects; leave it out, or give its parts as columns"
        )
    return table


def _is_nested(column: pd.Series[Any]) -> bool:
    if column.dtype != object or not len(found := column.dropna()):
        return False
    return any(issubclass(kind, list | dict | tuple) or kind.__name__ == "ndarray" for kind in set(found.map(type)))


def _first_line(problem: BaseException) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0][:200]


def _checked(names: Iterable[object], name: str) -> list[str]:
    """Return the names of columns as text without spaces around them, each one of its own."""
    told: list[str] = []
    for column in map(str, names):
        if column.strip() in told:
            raise InputError(f"{name} has several columns {column.strip()!r}; give them different names")
        told.append(column.strip())
    return told


def _of_bytes(data: bytes, name: str, text: Sequence[str]) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import parquet

    if data.startswith(b"PAR1"):
        table: pd.DataFrame = parquet.read_table(pa.BufferReader(data)).to_pandas()
        return table
    if data.startswith(_FOREIGN):
        raise InputError(f"{name} is packed or an Excel file; save it as CSV and give that")
    written = _decoded(data, name)
    if not written.strip():
        raise InputError(f"{name} is empty; give an export with a header and at least one row")
    return _of_json(written, name) if written.lstrip()[0] in "[{" else _of_csv(written, name, text)


def _decoded(data: bytes, name: str) -> str:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(f"{name} is neither UTF-8 nor CP949; save it as UTF-8")


def _of_csv(written: str, name: str, text: Sequence[str]) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa
    from pyarrow import csv

    first = written.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    data = pa.py_buffer(written.encode())
    names = csv.open_csv(data, parse_options=parse).schema.names
    _checked(names, name)
    as_text = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    table: pd.DataFrame = csv.read_csv(data, parse_options=parse, convert_options=as_text).to_pandas()
    for column in table.columns:
        found = table[column].str.strip()
        if str(column).strip() not in text and found.notna().any() and found.dropna().str.fullmatch(_NUMBER).all():
            table[column] = pd.to_numeric(found)
    return table


def _of_json(written: str, name: str) -> pd.DataFrame:
    import pandas as pd

    try:
        records = json.loads(written)
    except json.JSONDecodeError:
        records = [json.loads(line) for line in written.splitlines() if line.strip()]
    if isinstance(records, dict):
        records = records["data"] if isinstance(records.get("data"), list) else [records]
    if not all(isinstance(one, dict) for one in records):
        raise InputError(f"{name} must hold JSON objects, one a row: a list of them, or one a line")
    return pd.DataFrame(records)


def counts(table: pd.DataFrame, column: str, account: str, name: str) -> pd.Series[float]:
    """Return a column as float64 where a missing value is NaN.

    Raises:
        InputError: for text, infinity, and numbers below zero, naming the first account.
    """
    import numpy as np
    import pandas as pd

    found = table[column]
    flags = found.map(lambda one: isinstance(one, bool)) if found.dtype.kind in "bO" else pd.Series(False, found.index)
    if found.dtype.kind not in "iuf":
        found = pd.to_numeric(found.where(found.notna(), np.nan), errors="coerce")
    values = found.astype("float64")
    bad = (values.isna() & table[column].notna()) | (values < 0) | np.isinf(values) | flags
    if bad.any():
        row = table[bad].iloc[0]
        raise InputError(
            f"column {column!r} of {name} holds '{row[column]}' for {row[account]!r}; counts are numbers from 0 on, "
            "and one that is not known is left empty"
        )
    return values
